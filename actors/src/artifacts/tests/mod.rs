mod content;
mod create;
mod late;
mod read;
mod whole;

use std::collections::HashSet;

use base::TestClock;
use bytes::Bytes;
use chrono::TimeDelta;
use db::{
    queue::{CreateBatch, NewTaskRow, ReportBatch, UploadExemptions},
    testing::TestDatabase,
};
use futures_util::{TryStreamExt, stream};
use protocol::{
    error::ErrorCode,
    event::{EventPayload, TaskChange},
    id::{TaskGroupId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved, Requires, StorageType, TaskState},
};
use tempfile::TempDir;

use super::*;
use crate::object::{CreateUpload, FinishUpload, Hashes, Incoming, InlineData, ObjectError, ObjectSettings};

/// One task, whose run 0 is claimed.
struct TestEnv {
    artifacts: Artifacts,
    db: Db,
    clock: TestClock,
    task_id: TaskId,
    rng: Rng,
    _directory: TempDir,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let env = Self::idle().await;
        let worker = WorkerName { worker_group: "group".to_owned(), worker_id: "worker".to_owned() };
        let now = env.clock.now();
        env.db.claim_task(env.task_id, 0, &worker, None, now + TimeDelta::minutes(20), now).await.unwrap();
        env
    }

    /// Nobody has claimed the run.
    async fn idle() -> Self {
        let database = TestDatabase::create().await;
        let directory = tempfile::tempdir().unwrap();
        let (db, clock, rng) = (database.db().await, TestClock::default(), Rng::seeded(1));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let objects =
            Objects::start(db.clone(), shared.clone(), rng.clone(), directory.path(), &ObjectSettings::default())
                .await
                .unwrap();
        let artifacts = Artifacts::new(db.clone(), shared, rng.clone(), objects);
        let task_id = TaskId::from_random(rng.uuid_bytes());
        let tasks = [task(task_id, clock.now())];
        let batch = CreateBatch::new(&tasks, &[]);
        db.batch_connection().create_tasks(&batch, clock.now()).await.unwrap();
        Self { artifacts, db, clock, task_id, rng, _directory: directory, _database: database }
    }

    fn key(&self, name: &str) -> ArtifactKey {
        ArtifactKey { task_id: self.task_id, run_id: 0, name: name.to_owned() }
    }

    fn soon(&self) -> Timestamp {
        self.clock.now() + TimeDelta::hours(1)
    }

    async fn create(&self, name: &str, body: ArtifactBody) -> Result<Created> {
        self.artifacts.create(self.key(name), self.soon(), body).await
    }

    async fn follow(&self, name: &str) -> Result<Found> {
        self.artifacts.follow(self.key(name), &|_| true).await
    }

    async fn end_run(&self, state: TaskState, reason: ReasonResolved) {
        let mut batch = ReportBatch::default();
        batch.push(self.task_id, 0, state, reason, false, None);
        self.db.batch_connection().report_runs(&batch, &UploadExemptions::all(), self.clock.now()).await.unwrap();
    }

    /// Sends content to an upload path.
    async fn put(&self, path: &str, text: &'static str) -> Result<(), ObjectError> {
        let body = stream::iter([Ok::<_, &str>(Bytes::from_static(text.as_bytes()))]);
        self.artifacts.objects().receive(token(path), text_arrival(body)).await.map(drop)
    }

    /// What a reader of an artifact gets.
    async fn read(&self, name: &str) -> Vec<u8> {
        let found = self.follow(name).await.unwrap();
        let Some(Location::Path(path)) = self.artifacts.location(&found).await.unwrap() else { panic!("a path") };
        let objects = self.artifacts.objects();
        let stored = objects.find(path.rsplit('/').nth(1).unwrap()).await.unwrap();
        let bytes: Vec<Bytes> = objects.open(&stored, None).await.unwrap().bytes.try_collect().await.unwrap();
        bytes.concat()
    }

    /// Names and storage types in the events since the last call.
    async fn published(&self) -> Vec<(String, StorageType)> {
        let mut outbox = self.db.outbox(0);
        assert!(outbox.hold().await.unwrap());
        let batch = outbox.read(&db::outbox::EventFilter::everything(), 100).await.unwrap();
        outbox.delete(&batch.ids).await.unwrap();
        let changes = batch.events.into_iter().filter_map(|event| match event.payload {
            EventPayload::Task(task) => Some(task.change),
            _ => None,
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
        has_routes: true,
        body: r#"{"routes":[],"tags":{}}"#.to_owned(),
        trace: None,
    }
}

fn s3() -> ArtifactBody {
    ArtifactBody::S3 { content_type: "text/plain".to_owned(), content_length: None }
}

fn token(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

fn text_arrival<S>(body: S) -> Incoming<S> {
    let content_type = Some("text/plain".to_owned());
    Incoming { content_type, content_length: None, content_encoding: None, digests: Hashes::new(), body }
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

fn code<T: std::fmt::Debug>(answer: Result<T>) -> ErrorCode {
    answer.unwrap_err().code()
}
