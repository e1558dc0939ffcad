use std::collections::HashSet;

use base::TestClock;
use bytes::Bytes;
use chrono::TimeDelta;
use db::{
    queue::{CreateBatch, NewTaskRow, ReportBatch},
    testing::TestDatabase,
};
use futures_util::stream;
use protocol::{
    error::ErrorCode,
    event::{Fact, TaskChange},
    id::{TaskGroupId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved, Requires, StorageType, TaskState},
};
use tempfile::TempDir;

use super::*;
use crate::object::{Arrival, CreateUpload, FinishUpload, Hashes, InlineData};

/// A house with one task, whose run 0 somebody claimed.
struct House {
    artifacts: Artifacts,
    db: Db,
    clock: TestClock,
    task_id: TaskId,
    entropy: Entropy,
    _directory: TempDir,
    _database: TestDatabase,
}

impl House {
    async fn start() -> Self {
        let house = Self::idle().await;
        let worker = WorkerName { worker_group: "group".to_owned(), worker_id: "worker".to_owned() };
        let now = house.clock.now();
        house.db.claim_task(house.task_id, 0, &worker, None, now + TimeDelta::minutes(20), now).await.unwrap();
        house
    }

    /// Nobody has claimed the run.
    async fn idle() -> Self {
        let database = TestDatabase::create().await;
        let directory = tempfile::tempdir().unwrap();
        let (db, clock, entropy) = (database.db().await, TestClock::default(), Entropy::seeded(1));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let objects = Objects::start(db.clone(), shared.clone(), entropy.clone(), directory.path()).await.unwrap();
        let artifacts = Artifacts::new(db.clone(), shared, entropy.clone(), objects);
        let task_id = TaskId::from_random(entropy.uuid_bytes());
        let batch = CreateBatch::new(vec![task(task_id, clock.now())], Vec::new());
        db.lane().create_tasks(&batch, clock.now()).await.unwrap();
        Self { artifacts, db, clock, task_id, entropy, _directory: directory, _database: database }
    }

    fn key(&self, name: &str) -> ArtifactKey {
        ArtifactKey { task_id: self.task_id, run_id: 0, name: name.to_owned() }
    }

    fn soon(&self) -> Timestamp {
        self.clock.now() + TimeDelta::hours(1)
    }

    async fn create(&self, name: &str, body: ArtifactBody) -> Answer<Created> {
        self.artifacts.create(self.key(name), self.soon(), body).await
    }

    async fn follow(&self, name: &str) -> Answer<Found> {
        self.artifacts.follow(self.key(name), &|_| true).await
    }

    async fn end_run(&self, state: TaskState, reason: ReasonResolved) {
        let mut batch = ReportBatch::default();
        batch.push(self.task_id, 0, state, reason, None);
        self.db.lane().report_runs(&batch, self.clock.now()).await.unwrap();
    }

    /// Names and storage types that the world was told of since the last look.
    async fn told(&self) -> Vec<(String, StorageType)> {
        let mut outbox = self.db.outbox(0);
        assert!(outbox.hold().await.unwrap());
        let batch = outbox.read(100).await.unwrap();
        outbox.forget(&batch.ids).await.unwrap();
        let changes = batch.events.into_iter().filter_map(|event| match event.fact {
            Fact::Task(task) => Some(task.change),
            Fact::Group(_) => None,
        });
        let artifacts = changes.filter_map(|change| match change {
            TaskChange::ArtifactCreated { artifact, .. } => Some((artifact.name, artifact.storage_type)),
            _ => None,
        });
        artifacts.collect()
    }

    /// Creates an object artifact and uploads its content, up to what is left for `finishArtifact`.
    async fn upload(&self, name: &str) -> ObjectUpload {
        let Created::Object(upload) = self.create(name, object()).await.unwrap() else { panic!("an upload") };
        let inline = InlineData { content_type: "text/plain".to_owned(), object_data: "c21hbGw=".to_owned() };
        let objects = self.artifacts.objects();
        let create = CreateUpload {
            name: upload.name.clone(),
            project_id: upload.project_id.clone(),
            upload_id: upload.upload_id,
            expires: upload.expires,
            hashes: Hashes::new(),
            data_inline: Some(inline),
            put_url: None,
        };
        objects.create_upload(create).await.unwrap();
        upload
    }

    async fn finish_upload(&self, upload: &ObjectUpload) {
        let ObjectUpload { name, project_id, upload_id, .. } = upload.clone();
        let finish = FinishUpload { name, project_id, upload_id, hashes: Hashes::new() };
        self.artifacts.objects().finish_upload(finish).await.unwrap();
    }
}

fn task(task_id: TaskId, now: Timestamp) -> NewTaskRow {
    NewTaskRow {
        task_id,
        task_group_id: TaskGroupId::from(task_id),
        task_queue_id: TaskQueueId("proj/kind".to_owned()),
        scheduler_id: "-".to_owned(),
        project_id: "project".to_owned(),
        priority: Priority::Lowest,
        retries: 5,
        requires: Requires::AllCompleted,
        deadline: now + TimeDelta::days(1),
        expires: now + TimeDelta::days(2),
        dependencies: Vec::new(),
        body: r#"{"routes":[],"tags":{}}"#.to_owned(),
        trace: None,
    }
}

fn reference(url: &str) -> ArtifactBody {
    ArtifactBody::Reference { content_type: "text/plain".to_owned(), url: url.to_owned() }
}

fn link(artifact: &str) -> ArtifactBody {
    ArtifactBody::Link { artifact: artifact.to_owned(), content_type: None }
}

fn object() -> ArtifactBody {
    ArtifactBody::Object { content_type: "text/plain".to_owned(), content_length: None }
}

fn failure() -> ArtifactBody {
    ArtifactBody::Error { reason: ErrorReason::FileMissingOnWorker, message: "no such file".to_owned() }
}

fn code<T: std::fmt::Debug>(answer: Answer<T>) -> ErrorCode {
    answer.unwrap_err().code()
}

#[tokio::test]
async fn an_artifact_needs_a_run_that_was_claimed() {
    let house = House::idle().await;
    assert_eq!(code(house.create("x", reference("https://a.test")).await), ErrorCode::InputError);
    let mut elsewhere = house.key("x");
    elsewhere.run_id = 3;
    let no_run = house.artifacts.create(elsewhere.clone(), house.soon(), failure()).await;
    assert_eq!(code(no_run), ErrorCode::InputError);
    elsewhere.task_id = TaskId::from_random(house.entropy.uuid_bytes());
    let no_task = house.artifacts.create(elsewhere, house.soon(), failure()).await;
    assert_eq!(code(no_task), ErrorCode::InputError);
}

#[tokio::test]
async fn an_artifact_lives_no_longer_than_its_task_and_not_only_in_the_past() {
    let house = House::start().await;
    let now = house.clock.now();
    for expires in [now - TimeDelta::minutes(16), now + TimeDelta::days(3)] {
        let error = house.artifacts.create(house.key("x"), expires, failure()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InputError);
        assert!(error.to_string().contains("`expires`"), "{error}");
    }
    for expires in [now - TimeDelta::minutes(14), now + TimeDelta::days(2)] {
        house.artifacts.create(house.key("x"), expires, failure()).await.unwrap();
    }
}

#[tokio::test]
async fn a_completed_run_takes_no_more_artifacts() {
    let house = House::start().await;
    house.end_run(TaskState::Completed, ReasonResolved::Completed).await;
    assert_eq!(code(house.create("late", failure()).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn a_run_that_ended_as_exception_takes_artifacts_for_25_minutes() {
    let house = House::start().await;
    house.end_run(TaskState::Exception, ReasonResolved::WorkerShutdown).await;
    house.clock.advance(TimeDelta::minutes(24));
    house.create("log", failure()).await.unwrap();
    house.clock.advance(TimeDelta::minutes(1));
    assert_eq!(code(house.create("log", failure()).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn links_lead_to_what_they_name_and_circles_are_told() {
    let house = House::start().await;
    house.create("1", link("2")).await.unwrap();
    assert_eq!(code(house.follow("1").await), ErrorCode::ResourceNotFound);
    house.create("2", link("3")).await.unwrap();
    house.create("3", reference("https://a.test/end")).await.unwrap();
    let end = Found::Reference { url: "https://a.test/end".to_owned() };
    assert_eq!(house.follow("1").await.unwrap(), end);

    house.create("a", link("b")).await.unwrap();
    house.create("b", link("a")).await.unwrap();
    assert_eq!(code(house.follow("a").await), ErrorCode::InputError);
}

#[tokio::test]
async fn every_name_on_the_way_is_asked_for_before_it_is_looked_up() {
    let house = House::start().await;
    house.create("public/alias", link("private/secret")).await.unwrap();
    let public = |name: &str| name.starts_with("public/");
    let refused = house.artifacts.follow(house.key("public/alias"), &public).await.unwrap_err();
    assert!(matches!(&refused, ArtifactError::Refused(names) if *names == ["public/alias", "private/secret"]));
    let unknown = house.artifacts.follow(house.key("private/unknown"), &public).await;
    assert_eq!(code(unknown), ErrorCode::InsufficientScopes);
}

#[tokio::test]
async fn a_reference_may_point_elsewhere_or_become_a_link_and_nothing_else_may_change() {
    let house = House::start().await;
    house.create("x", reference("https://a.test/old")).await.unwrap();
    house.create("x", reference("https://a.test/new")).await.unwrap();
    assert_eq!(code(house.create("x", failure()).await), ErrorCode::RequestConflict);
    let typed = ArtifactBody::Reference { content_type: "text/css".to_owned(), url: "https://a.test".to_owned() };
    assert_eq!(code(house.create("x", typed).await), ErrorCode::RequestConflict);
    let earlier = house.soon() - TimeDelta::minutes(1);
    let shorter = house.artifacts.create(house.key("x"), earlier, reference("https://a.test/new")).await;
    assert_eq!(code(shorter), ErrorCode::RequestConflict);
    house.create("x", link("y")).await.unwrap();
    assert_eq!(code(house.create("x", reference("https://a.test")).await), ErrorCode::RequestConflict);
    assert_eq!(code(house.create("x", link("z")).await), ErrorCode::RequestConflict);
}

#[tokio::test]
async fn an_object_artifact_is_there_once_its_upload_is_finished() {
    let house = House::start().await;
    let upload = house.upload("public/file").await;
    let key = house.key("public/file");
    assert_eq!(upload.name, format!("t/{}/0/public/file", house.task_id));
    assert_eq!(upload.credentials.scopes, [format!("object:upload:project:{}", upload.name)]);
    assert_eq!(code(house.artifacts.finish(&key, upload.upload_id).await), ErrorCode::InputError);
    assert_eq!(code(house.follow("public/file").await), ErrorCode::ResourceNotFound);

    house.finish_upload(&upload).await;
    let other = UploadId::from_random(house.entropy.uuid_bytes());
    assert_eq!(code(house.artifacts.finish(&key, other).await), ErrorCode::InputError);
    for _ in 0..2 {
        house.artifacts.finish(&key, upload.upload_id).await.unwrap();
    }
    let found = house.follow("public/file").await.unwrap();
    assert!(matches!(house.artifacts.place(&found).await.unwrap(), Some(Place::Here(_))));
    assert_eq!(house.artifacts.info(&key).await.unwrap().content_length, Some(5));
    assert_eq!(code(house.create("public/file", object()).await), ErrorCode::RequestConflict);
    let download = house.artifacts.object_access(&key).1;
    assert_eq!(download.scopes, [format!("object:download:{}", upload.name)]);
}

#[tokio::test]
async fn the_world_is_told_of_an_artifact_once_there_is_nothing_left_to_come() {
    let house = House::start().await;
    house.create("reference", reference("https://a.test")).await.unwrap();
    house.create("link", link("reference")).await.unwrap();
    house.create("error", failure()).await.unwrap();
    let s3 = ArtifactBody::S3 { content_type: "text/plain".to_owned(), content_length: None };
    house.create("s3", s3).await.unwrap();
    let upload = house.upload("object").await;
    let named = |name: &str, storage_type| (name.to_owned(), storage_type);
    let whole = [
        named("reference", StorageType::Reference),
        named("link", StorageType::Link),
        named("error", StorageType::Error),
    ];
    assert_eq!(house.told().await, whole);

    house.finish_upload(&upload).await;
    house.create("error", link("x")).await.unwrap_err();
    assert_eq!(house.told().await, []);
    house.artifacts.finish(&house.key("object"), upload.upload_id).await.unwrap();
    assert_eq!(house.told().await, [named("object", StorageType::Object)]);
}

#[tokio::test]
async fn only_uploads_can_be_finished() {
    let house = House::start().await;
    house.create("x", reference("https://a.test")).await.unwrap();
    let id = UploadId::from_random(house.entropy.uuid_bytes());
    assert_eq!(code(house.artifacts.finish(&house.key("x"), id).await), ErrorCode::InputError);
    assert_eq!(code(house.artifacts.finish(&house.key("none"), id).await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn content_of_an_s3_artifact_may_be_replaced_and_its_length_is_what_came() {
    let house = House::start().await;
    let body = ArtifactBody::S3 { content_type: "text/plain".to_owned(), content_length: Some(99) };
    let Created::S3 { put_path, .. } = house.create("log", body).await.unwrap() else { panic!("a path") };
    let objects = house.artifacts.objects();
    for text in ["first", "the second"] {
        let arrival = Arrival {
            content_type: Some("text/plain".to_owned()),
            content_length: None,
            content_encoding: Some("gzip".to_owned()),
            body: stream::iter([Ok::<_, &str>(Bytes::from_static(text.as_bytes()))]),
        };
        objects.receive(put_path.rsplit('/').next().unwrap(), arrival).await.unwrap();
        let found = house.follow("log").await.unwrap();
        let Some(Place::Here(path)) = house.artifacts.place(&found).await.unwrap() else { panic!("a path") };
        let stored = objects.find(path.rsplit('/').nth(1).unwrap()).await.unwrap();
        assert_eq!(stored.content.content_length, i64::try_from(text.len()).unwrap());
        assert_eq!(stored.content.content_encoding, "gzip");
    }
    assert_eq!(house.artifacts.info(&house.key("log")).await.unwrap().content_length, Some(10));
}

#[tokio::test]
async fn a_listing_comes_in_pages_and_in_order() {
    let house = House::start().await;
    for name in ["b", "a", "C", "d"] {
        house.create(name, failure()).await.unwrap();
    }
    house.create("e", object()).await.unwrap();
    let (mut after, mut names) = (None, Vec::new());
    loop {
        let page = house.artifacts.list(house.task_id, 0, PageAfter { after, limit: 2 }).await.unwrap();
        names.extend(page.rows.into_iter().map(|row| row.name));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["C", "a", "b", "d", "e"]);
    let other = house.artifacts.list(house.task_id, 1, PageAfter { after: None, limit: 2 }).await;
    assert_eq!(code(other), ErrorCode::ResourceNotFound);
    assert_eq!(house.artifacts.latest_run(house.task_id).await.unwrap(), 0);
}

#[tokio::test]
async fn an_expired_artifact_is_gone_at_once_and_swept_later_with_its_content() {
    let house = House::start().await;
    let upload = house.upload("file").await;
    house.finish_upload(&upload).await;
    house.artifacts.finish(&house.key("file"), upload.upload_id).await.unwrap();
    house.clock.set(upload.expires);
    assert_eq!(code(house.follow("file").await), ErrorCode::ResourceExpired);
    house.clock.advance(TimeDelta::minutes(31));
    assert_eq!(expire(house.artifacts.objects()).await.unwrap(), Swept { artifacts: 1, objects: 1, blobs: 0 });
    house.clock.advance(TimeDelta::minutes(2));
    assert_eq!(expire(house.artifacts.objects()).await.unwrap(), Swept { artifacts: 0, objects: 0, blobs: 1 });
    assert_eq!(code(house.follow("file").await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn of_many_creators_at_once_one_decides_and_the_others_agree_or_are_refused() {
    let house = House::start().await;
    let same = (0..8).map(|_| house.create("same", failure()));
    for created in futures_util::future::join_all(same).await {
        assert_eq!(created.unwrap(), Created::Error);
    }
    let uploads = (0..8).map(|_| house.create("upload", object()));
    let created = futures_util::future::join_all(uploads).await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1);
    let types: HashSet<_> = [house.follow("same").await.unwrap().storage_type()].into();
    assert_eq!(types, HashSet::from([StorageType::Error]));
}
