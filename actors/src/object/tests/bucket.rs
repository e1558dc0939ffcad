//! Against a real S3 server, where `DROVER_TEST_S3_URL` names one that has a bucket `drover`.

use object_store::ObjectStore;

use super::{
    super::{backend::Parts, s3::Bucket},
    *,
};

const LARGE: usize = 12_000_000;

struct BucketEnv {
    objects: Objects,
    bucket: Bucket,
    clock: TestClock,
    _directory: TempDir,
    _database: TestDatabase,
}

impl BucketEnv {
    /// With names of its own in the bucket. `None`: there is no server.
    #[expect(clippy::disallowed_methods, reason = "tests read the environment of the machine they run on")]
    async fn start(name: &str) -> Option<Self> {
        let Ok(endpoint) = std::env::var("DROVER_TEST_S3_URL") else {
            println!("skipped: DROVER_TEST_S3_URL names no S3 server");
            return None;
        };
        // An error means that another test of this process was faster, with the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let prefix = format!("{name}-{}/", Rng::system().range(0..1 << 40));
        let s3 = S3Settings {
            bucket: "drover".to_owned(),
            endpoint,
            access_key_id: "id".into(),
            secret_access_key: "secret".into(),
            prefix,
            ..S3Settings::default()
        };
        let bucket = Bucket::open(&s3).unwrap();
        let (database, directory, clock) =
            (TestDatabase::create().await, tempfile::tempdir().unwrap(), TestClock::default());
        let folder = directory.path().join("objects");
        let (db, shared, rng) = (database.db().await, Arc::new(clock.clone()), Rng::seeded(1));
        let objects = Objects::start(db, shared, rng, &folder, &ObjectSettings { s3 }).await.unwrap();
        assert!(!folder.exists(), "with a bucket there is no folder");
        Some(Self { objects, bucket, clock, _directory: directory, _database: database })
    }

    async fn names(&self) -> Vec<String> {
        let prefix = self.bucket.location("");
        let found: Vec<_> = self.bucket.store().list(Some(&prefix)).try_collect().await.unwrap();
        found.into_iter().map(|it| it.location.to_string()).collect()
    }

    async fn finished(&self, name: &str, data: &[u8]) -> Timestamp {
        let promise = PutPromise { content_type: "text/plain".to_owned(), content_length: data.len() as u64 };
        let upload = CreateUpload {
            name: name.to_owned(),
            project_id: "drover".to_owned(),
            upload_id: UploadId::from_random(self.objects.rng.uuid_bytes()),
            expires: self.clock.now() + TimeDelta::days(7),
            hashes: Hashes::new(),
            data_inline: None,
            put_url: Some(promise),
        };
        let url = put_url(self.objects.create_upload(upload.clone()).await.unwrap());
        let pieces: Vec<_> = data.chunks(70_000).map(|it| Ok::<_, &str>(Bytes::copy_from_slice(it))).collect();
        let incoming = Incoming::plain("text/plain".to_owned(), stream::iter(pieces));
        self.objects.receive(token(&url), incoming).await.unwrap();
        self.objects.finish_upload(finish(&upload)).await.unwrap();
        upload.expires
    }

    async fn read(&self, name: &str, part: Option<std::ops::Range<u64>>) -> Vec<u8> {
        let url = self.objects.simple_path(name).await.unwrap();
        let stored = self.objects.find(token(&url)).await.unwrap();
        bytes(self.objects.open(&stored, part).await.unwrap()).await
    }
}

#[tokio::test]
async fn a_bucket_keeps_content_of_any_size_until_it_expires() {
    let Some(env) = BucketEnv::start("any-size").await else { return };
    let large: Vec<u8> = (0..LARGE).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let mut expires = env.clock.now();
    for (name, data) in [("empty", &[][..]), ("small", DATA), ("../large", &large)] {
        expires = env.finished(name, data).await;
        assert!(env.read(name, None).await == data, "{name}");
    }
    assert_eq!(env.read("../large", Some(5_242_870..5_242_890)).await, large[5_242_870..5_242_890]);
    let names = env.names().await;
    assert!(names.len() == 3 && names.iter().all(|name| name.matches('/').count() == 2), "{names:?}");

    env.clock.set(expires + TimeDelta::milliseconds(1));
    assert_eq!(env.objects.expire().await.unwrap().objects, 3);
    env.clock.advance(TimeDelta::minutes(2));
    assert_eq!(env.objects.expire().await.unwrap().blobs, 3);
    assert!(env.names().await.is_empty());
}

#[tokio::test]
async fn parts_that_a_killed_process_left_in_the_bucket_are_swept_away() {
    let Some(env) = BucketEnv::start("killed").await else { return };
    let blob = env.objects.new_blob();
    env.objects.db.start_content(blob, &env.bucket.id, env.clock.now()).await.unwrap();
    let mut half = writer::Writer::new(&env.objects, blob, 1, false);
    half.write(vec![7; 6_000_000].into()).await.unwrap();
    let id = half.multipart_id().unwrap();
    drop(half);

    env.clock.advance(TimeDelta::hours(25));
    assert_eq!(env.objects.expire().await.unwrap().blobs, 1);

    let place = env.objects.stores.chosen().begin(blob).await.unwrap();
    let Parts::Bucket(mut parts) = place else { panic!("a bucket") };
    parts.id = id;
    assert!(parts.put(vec![7; 10].into()).await.is_err(), "the store has ended this upload");
}

#[tokio::test]
async fn content_of_another_store_is_not_found_but_not_lost() {
    let Some(env) = BucketEnv::start("other").await else { return };
    env.finished("here", DATA).await;
    let url = env.objects.simple_path("here").await.unwrap();
    let stored = env.objects.find(token(&url)).await.unwrap();
    let elsewhere = Stored { store_id: "s3/another".to_owned(), ..stored };
    let error = env.objects.open(&elsewhere, None).await.map(|it| it.length).unwrap_err();
    assert!(api_words(&error).contains("s3/another"), "{error:?}");
}

fn api_words(error: &ObjectError) -> String {
    std::error::Error::source(error).unwrap().to_string()
}
