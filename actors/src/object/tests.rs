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
struct House {
    objects: Objects,
    clock: TestClock,
    directory: TempDir,
    database: TestDatabase,
}

impl House {
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
            upload_id: UploadId::from_random(self.objects.entropy.uuid_bytes()),
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
    let entropy = Entropy::seeded(seed);
    let clock = Arc::new(clock.clone());
    Objects::start(database.db().await, clock, entropy, directory.path()).await.unwrap()
}

fn arrival(
    pieces: Vec<Result<Bytes, &'static str>>,
) -> Arrival<impl futures_util::Stream<Item = Result<Bytes, &'static str>> + Send + Unpin> {
    Arrival {
        content_type: Some("text/plain".to_owned()),
        content_length: None,
        content_encoding: None,
        body: stream::iter(pieces),
    }
}

fn whole() -> Arrival<impl futures_util::Stream<Item = Result<Bytes, &'static str>> + Send + Unpin> {
    arrival(DATA.chunks(5).map(|piece| Ok(Bytes::from_static(piece))).collect())
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

#[tokio::test]
async fn what_was_uploaded_is_what_is_downloaded() {
    let house = House::start().await;
    let upload = house.upload("public/log.txt");
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    let content = house.objects.receive(token(&url), whole()).await.unwrap();
    assert_eq!((content.content_length, content.sha256.as_str()), (18, SHA256));
    assert_eq!(house.objects.metadata("public/log.txt").await.unwrap_err().code(), ErrorCode::ResourceNotFound);

    house.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
    assert_eq!(house.read("public/log.txt").await, DATA);
    let metadata = house.objects.metadata("public/log.txt").await.unwrap();
    assert_eq!((metadata.hashes, metadata.expires), (sha256(SHA256), upload.expires));
}

#[tokio::test]
async fn a_small_object_comes_within_the_request() {
    let house = House::start().await;
    let inline = InlineData { content_type: "text/plain".to_owned(), object_data: "c21hbGw=".to_owned() };
    let upload = CreateUpload { data_inline: Some(inline), ..house.upload("small") };
    for _ in 0..2 {
        let open = house.objects.create_upload(upload.clone()).await.unwrap();
        assert!(matches!(open.method, Some(UploadMethod::DataInline)));
    }
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    assert_eq!(house.read("small").await, b"small");
    assert_eq!(house.files(), 1);
    assert_eq!(house.objects.metadata("small").await.unwrap().hashes.len(), 2);
}

#[tokio::test]
async fn inline_data_that_is_too_long_or_no_base64_is_refused() {
    let house = House::start().await;
    for data in ["A".repeat(4 * 2731), "no base64!".to_owned()] {
        let inline = InlineData { content_type: "text/plain".to_owned(), object_data: data };
        let upload = CreateUpload { data_inline: Some(inline), ..house.upload("inline") };
        let error = house.objects.create_upload(upload).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        assert!(error.to_string().contains("dataInline.objectData"), "{error}");
    }
}

#[tokio::test]
async fn a_truncated_upload_leaves_nothing_and_cannot_be_finished() {
    let house = House::start().await;
    let upload = house.upload("cut");
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    let short = arrival(vec![Ok(Bytes::from_static(&DATA[..7]))]);
    let broken = arrival(vec![Ok(Bytes::from_static(&DATA[..7])), Err("connection reset")]);
    let long = arrival(vec![Ok(Bytes::from_static(DATA)), Ok(Bytes::from_static(b"!"))]);
    for cut in [short, broken, long] {
        let error = house.objects.receive(token(&url), cut).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError, "{error}");
    }
    assert_eq!(house.files(), 0);
    let error = house.objects.finish_upload(finish(&upload)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);

    house.objects.receive(token(&url), whole()).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    assert_eq!(house.read("cut").await, DATA);
}

#[tokio::test]
async fn an_altered_upload_is_dropped_whenever_its_hash_was_promised() {
    let house = House::start().await;
    let wrong = "0".repeat(64);
    let early = CreateUpload { hashes: sha256(&wrong), ..house.upload("early") };
    let url = put_url(house.objects.create_upload(early).await.unwrap());
    let error = house.objects.receive(token(&url), whole()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InputError);
    assert!(error.to_string().contains("hashes.sha256"), "{error}");
    assert_eq!(house.files(), 0);

    let late = house.upload("late");
    let url = put_url(house.objects.create_upload(late.clone()).await.unwrap());
    house.objects.receive(token(&url), whole()).await.unwrap();
    let promise = FinishUpload { hashes: sha256(&wrong), ..finish(&late) };
    let error = house.objects.finish_upload(promise).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    assert!(error.to_string().contains("hashes.sha256"), "{error}");
    let error = house.objects.finish_upload(finish(&late)).await.unwrap_err();
    assert!(error.to_string().contains("no whole content"), "{error}");
}

#[tokio::test]
async fn headers_other_than_the_promised_ones_are_refused_by_name() {
    let house = House::start().await;
    let url = put_url(house.objects.create_upload(house.upload("headers")).await.unwrap());
    let cases = [
        ("Content-Type", Arrival { content_type: Some("text/html".to_owned()), ..whole() }),
        ("Content-Type", Arrival { content_type: None, ..whole() }),
        ("Content-Length", Arrival { content_length: Some(17), ..whole() }),
        ("Content-Encoding", Arrival { content_encoding: Some("gzip".to_owned()), ..whole() }),
    ];
    for (header, arrival) in cases {
        let error = house.objects.receive(token(&url), arrival).await.unwrap_err();
        assert!(error.to_string().contains(header), "{error}");
    }
}

#[tokio::test]
async fn every_step_may_be_repeated() {
    let house = House::start().await;
    let upload = house.upload("again");
    let mut url = String::new();
    for _ in 0..2 {
        url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    }
    for _ in 0..3 {
        house.objects.receive(token(&url), whole()).await.unwrap();
    }
    assert_eq!(house.files(), 1);
    house.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    house.objects.finish_upload(FinishUpload { hashes: sha256(SHA256), ..finish(&upload) }).await.unwrap();
}

#[tokio::test]
async fn what_is_settled_about_an_upload_cannot_be_changed() {
    let house = House::start().await;
    let first = CreateUpload { hashes: sha256(SHA256), ..house.upload("settled") };
    house.objects.create_upload(first.clone()).await.unwrap();
    let changes = [
        ("uploadId", CreateUpload { upload_id: house.upload("x").upload_id, ..first.clone() }),
        ("projectId", CreateUpload { project_id: "other".to_owned(), ..first.clone() }),
        ("expires", CreateUpload { expires: first.expires + TimeDelta::hours(1), ..first.clone() }),
        ("hashes.sha256", CreateUpload { hashes: sha256(&"0".repeat(64)), ..first.clone() }),
        ("uploadId", CreateUpload { name: "another".to_owned(), ..first.clone() }),
    ];
    for (field, changed) in changes {
        let error = house.objects.create_upload(changed).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::RequestConflict);
        assert!(error.to_string().contains(field), "{error}");
    }
    for (field, changed) in [
        ("uploadId", FinishUpload { upload_id: house.upload("x").upload_id, ..finish(&first) }),
        ("projectId", FinishUpload { project_id: "other".to_owned(), ..finish(&first) }),
    ] {
        let error = house.objects.finish_upload(changed).await.unwrap_err();
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[tokio::test]
async fn a_finished_object_is_final() {
    let house = House::start().await;
    let upload = house.upload("final");
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    house.objects.receive(token(&url), whole()).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();

    let other = vec![b'x'; DATA.len()];
    let error = house.objects.receive(token(&url), arrival(vec![Ok(other.into())])).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RequestConflict);
    assert_eq!(house.objects.create_upload(upload.clone()).await.unwrap_err().code(), ErrorCode::RequestConflict);
    let more = FinishUpload { hashes: sha256(SHA256), ..finish(&upload) };
    assert_eq!(house.objects.finish_upload(more).await.unwrap_err().code(), ErrorCode::RequestConflict);
    assert_eq!(house.read("final").await, DATA);
}

#[tokio::test]
async fn uploads_at_the_same_time_do_not_mix() {
    let house = House::start().await;
    let upload = house.upload("race");
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    let senders = (0..8u8).map(|sender| {
        let pieces = (0..DATA.len()).map(|_| Ok(Bytes::from(vec![b'a' + sender]))).collect();
        house.objects.receive(token(&url), arrival(pieces))
    });
    for received in futures_util::future::join_all(senders).await {
        received.unwrap();
    }
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    let content = house.read("race").await;
    assert_eq!(content.len(), DATA.len());
    assert!(content.iter().all(|byte| *byte == content[0]), "{content:?}");

    house.clock.advance(TimeDelta::minutes(2));
    assert_eq!(house.objects.expire().await.unwrap().blobs, 7);
    assert_eq!(house.files(), 1);
    assert_eq!(house.read("race").await, content);
}

#[tokio::test]
async fn a_large_object_is_written_and_read_in_parts() {
    let house = House::start().await;
    let data: Vec<u8> = (0..3_500_000u32).map(|number| number.to_le_bytes()[1]).collect();
    let promise = PutPromise { content_type: "text/plain".to_owned(), content_length: data.len() as u64 };
    let upload = CreateUpload { put_url: Some(promise), ..house.upload("large") };
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    let pieces = data.chunks(60_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    house.objects.receive(token(&url), arrival(pieces)).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    assert!(house.read("large").await == data);

    let url = house.objects.simple_path("large").await.unwrap();
    let stored = house.objects.find(token(&url)).await.unwrap();
    let part = house.objects.open(&stored, Some(1_000_000..1_000_010)).await.unwrap();
    assert_eq!(part.length, 10);
    assert_eq!(bytes(part).await, data[1_000_000..1_000_010]);
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let house = House::start().await;
    let promise = PutPromise { content_type: "text/plain".to_owned(), content_length: 0 };
    let upload = CreateUpload { put_url: Some(promise), ..house.upload("empty") };
    let url = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    house.objects.receive(token(&url), arrival(Vec::new())).await.unwrap();
    house.objects.finish_upload(finish(&upload)).await.unwrap();
    assert_eq!(house.read("empty").await, b"");
}

#[tokio::test]
async fn urls_lapse_and_hold_in_every_process() {
    let house = House::start().await;
    let upload = house.upload("urls");
    let put = put_url(house.objects.create_upload(upload.clone()).await.unwrap());
    let second = house.second_process().await;
    second.receive(token(&put), whole()).await.unwrap();
    second.finish_upload(finish(&upload)).await.unwrap();

    let accepted = AcceptedMethods { simple: true, get_url: true };
    let DownloadMethod::GetUrl { path: url, hashes, .. } =
        house.objects.start_download("urls", accepted).await.unwrap()
    else {
        panic!("getUrl is preferred")
    };
    assert_eq!(hashes["sha256"], SHA256);
    second.find(token(&url)).await.unwrap();
    house.clock.advance(TimeDelta::seconds(60));
    assert_eq!(second.find(token(&url)).await.unwrap_err().code(), ErrorCode::AuthenticationFailed);
    house.clock.advance(TimeDelta::minutes(44));
    assert_eq!(second.receive(token(&put), whole()).await.unwrap_err().code(), ErrorCode::AuthenticationFailed);
    let none = house.objects.start_download("urls", AcceptedMethods::default()).await.unwrap_err();
    assert_eq!(none.code(), ErrorCode::NoMatchingMethod);
}

#[tokio::test]
async fn expiry_takes_the_object_and_its_file() {
    let house = House::start().await;
    let upload = house.finished("old").await;
    let young = CreateUpload { expires: upload.expires + TimeDelta::days(1), ..house.upload("young") };
    house.objects.create_upload(young).await.unwrap();

    house.clock.set(upload.expires + TimeDelta::milliseconds(1));
    assert_eq!(house.objects.metadata("old").await.unwrap_err().code(), ErrorCode::ResourceNotFound);
    // The unfinished upload lapsed days ago.
    assert_eq!(house.objects.expire().await.unwrap(), Swept { artifacts: 0, objects: 2, blobs: 0 });
    house.clock.advance(TimeDelta::minutes(2));
    assert_eq!(house.objects.expire().await.unwrap(), Swept { artifacts: 0, objects: 0, blobs: 1 });
    assert_eq!(house.files(), 0);
    assert!(house.objects.expire().await.unwrap().is_empty());
    house.finished("old").await;
}

#[tokio::test]
async fn what_a_killed_process_left_half_written_is_swept_away() {
    let house = House::start().await;
    let blob = house.objects.new_blob();
    house.objects.db.start_blob(blob, house.clock.now()).await.unwrap();
    let mut half = writer::Writer::open(&house.objects.backend, blob).await.unwrap();
    half.write(Bytes::from_static(DATA)).await.unwrap();
    std::mem::forget(half);
    assert_eq!(house.files(), 1);

    assert!(house.objects.expire().await.unwrap().is_empty());
    house.clock.advance(TimeDelta::hours(25));
    assert_eq!(house.objects.expire().await.unwrap().blobs, 1);
    assert_eq!(house.files(), 0);
}

#[tokio::test]
async fn a_file_that_was_cut_on_disk_is_not_handed_out() {
    let house = House::start().await;
    house.finished("cut on disk").await;
    let url = house.objects.simple_path("cut on disk").await.unwrap();
    let stored = house.objects.find(token(&url)).await.unwrap();
    let name = stored.blob.0.simple().to_string();
    let file = house.directory.path().join(&name[..2]).join(&name);
    std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(3).unwrap();
    assert_eq!(house.objects.open(&stored, None).await.map(|_| ()).unwrap_err().code(), ErrorCode::InternalServerError);
}
