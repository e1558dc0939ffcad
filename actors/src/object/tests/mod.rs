mod bucket;
mod content;
mod finish;
mod upload;

use base::TestClock;
use bytes::Bytes;
use chrono::TimeDelta;
use db::testing::TestDatabase;
use futures_util::{TryStreamExt, stream};
use protocol::error::ErrorCode;
use tempfile::TempDir;

use super::*;

const DATA: &[u8] = b"compiled with care";
const SHA256: &str = "620e1c5e27b40f6aae0961001101346807cd6f8248246ce1076e50f6ab587308";

/// An object service with a database and a directory of its own.
struct TestEnv {
    objects: Objects,
    clock: TestClock,
    directory: TempDir,
    database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let directory = tempfile::tempdir().unwrap();
        let clock = TestClock::default();
        let objects = open_service(&database, &clock, &directory, 1).await;
        Self { objects, clock, directory, database }
    }

    /// Another process of the same deployment.
    async fn second_process(&self) -> Objects {
        open_service(&self.database, &self.clock, &self.directory, 2).await
    }

    fn upload(&self, name: &str) -> CreateUpload {
        CreateUpload {
            name: name.to_owned(),
            project_id: "drover".to_owned(),
            upload_id: UploadId::from_random(self.objects.rng.uuid_bytes()),
            expires: self.clock.now() + TimeDelta::days(7),
            hashes: Hashes::new(),
            data_inline: None,
            put_url: Some(PutPromise { content_type: "text/plain".to_owned(), content_length: DATA.len() as u64 }),
        }
    }

    async fn finished(&self, name: &str) -> CreateUpload {
        let upload = self.upload(name);
        let url = put_url(self.objects.create_upload(upload.clone()).await.unwrap());
        self.objects.receive(token(&url), whole()).await.unwrap();
        self.objects.finish_upload(finish(&upload)).await.unwrap();
        upload
    }

    async fn read(&self, name: &str) -> Vec<u8> {
        let url = self.objects.simple_path(name).await.unwrap();
        let stored = self.objects.find(token(&url)).await.unwrap();
        bytes(self.objects.open(&stored, None).await.unwrap()).await
    }

    /// Whole and half-written files.
    fn files(&self) -> usize {
        let directories = std::fs::read_dir(self.directory.path()).unwrap();
        directories.map(|directory| std::fs::read_dir(directory.unwrap().path()).unwrap().count()).sum()
    }
}

async fn open_service(database: &TestDatabase, clock: &TestClock, directory: &TempDir, seed: u64) -> Objects {
    let rng = Rng::seeded(seed);
    let clock = Arc::new(clock.clone());
    Objects::start(database.db().await, clock, rng, directory.path(), &ObjectSettings::default()).await.unwrap()
}

fn incoming(
    pieces: Vec<Result<Bytes, &'static str>>,
) -> Incoming<impl futures_util::Stream<Item = Result<Bytes, &'static str>> + Send + Unpin> {
    Incoming {
        content_type: Some("text/plain".to_owned()),
        content_length: None,
        content_encoding: None,
        digests: Hashes::new(),
        body: stream::iter(pieces),
    }
}

fn whole() -> Incoming<impl futures_util::Stream<Item = Result<Bytes, &'static str>> + Send + Unpin> {
    incoming(DATA.chunks(5).map(|piece| Ok(Bytes::from_static(piece))).collect())
}

fn put_url(open: OpenUpload) -> String {
    match open.method {
        Some(UploadMethod::PutUrl(put)) => put.path,
        other => panic!("a URL to put to was expected, not {other:?}"),
    }
}

fn token(url: &str) -> &str {
    url.split('/').find(|part| part.contains('.')).unwrap()
}

fn finish(upload: &CreateUpload) -> FinishUpload {
    FinishUpload {
        name: upload.name.clone(),
        project_id: upload.project_id.clone(),
        upload_id: upload.upload_id,
        hashes: Hashes::new(),
    }
}

fn sha256(hash: &str) -> Hashes {
    Hashes::from([("sha256".to_owned(), hash.to_owned())])
}

async fn bytes(download: Download) -> Vec<u8> {
    let pieces: Vec<Bytes> = download.bytes.try_collect().await.unwrap();
    pieces.concat()
}
