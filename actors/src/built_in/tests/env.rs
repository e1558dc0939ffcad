//! A queue, artifacts, and processes with built-in workers.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, TestClock};
use bytes::Bytes;
use db::{artifact::ArtifactKey, testing::TestDatabase};
use futures_util::TryStreamExt;
use protocol::{
    id::{RunId, TaskId, TaskQueueId},
    state::TaskState,
    status::TaskStatus,
    task::TaskDefinition,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::Notify, time::timeout};

use super::super::*;
use crate::{
    artifacts::Location,
    auth::{RoleRow, Roles},
    kit::{Notifications, Notifier, Supervisor, SupervisorHandle},
    object::{ObjectSettings, Objects},
    queue::{QueueSettings, start, tests::new_task, types::NewTask},
};

pub(super) const SOON: Duration = Duration::from_secs(20);
/// What a role gives that allows everything with the tasks of `new_task`.
pub(super) const ALL: &str = "assume:actions";

pub(super) struct TestEnv {
    database: TestDatabase,
    pub(super) queue: Queue,
    pub(super) artifacts: Artifacts,
    pub(super) index: Index,
    pub(super) rng: Rng,
    pub(super) clock: TestClock,
    /// Of all processes.
    pub(super) large_files: LargeFiles,
    resolved: Arc<Notify>,
    supervised: SupervisorHandle,
    _directory: TempDir,
}

impl TestEnv {
    /// A queue, and as many processes with built-in workers.
    pub(super) async fn start(processes: u64) -> Self {
        let (database, directory) = (TestDatabase::create().await, tempfile::tempdir().unwrap());
        let (clock, rng, resolved) = (TestClock::at(SystemClock.now()), Rng::seeded(1), Arc::new(Notify::new()));
        let (db, shared): (_, Arc<dyn Clock>) = (database.db().await, Arc::new(clock.clone()));
        let notify = resolved.clone();
        let scheduler = Notifier::new(move || notify.notify_one());
        let notifications = Notifications { scheduler, ..Notifications::none() };
        let settings = QueueSettings::default();
        let (mut children, queue) = start(db.clone(), shared.clone(), &rng, settings, notifications);
        let content = ObjectSettings::default();
        let objects =
            Objects::start(db.clone(), shared.clone(), rng.clone(), directory.path(), &content).await.unwrap();
        let index = Index::new(db.clone(), shared.clone());
        let artifacts = Artifacts::new(db, shared.clone(), rng.clone(), objects);
        let large_files = LargeFiles::default();
        for process in 0..processes {
            let built_in = BuiltIn { queue: queue.clone(), clock: shared.clone(), rng: Rng::seeded(10 + process) };
            children.push(built_in.workers());
            let (artifacts, clients) = (artifacts.clone(), clients(&clock));
            let (index, limits, root_url) = (index.clone(), TaskLimits::default(), "https://drover.example".to_owned());
            let large_files = large_files.clone();
            let actions = Actions { built_in, artifacts, clients, auth: None, index, limits, root_url, large_files };
            children.push(actions.worker());
        }
        let supervised = Supervisor::start(children, rng.clone()).await;
        Self { database, queue, artifacts, index, rng, clock, large_files, resolved, supervised, _directory: directory }
    }

    pub(super) async fn create(&self, task_queue_id: &str, payload: Value, scopes: &[&str]) -> TaskId {
        let NewTask { task_id, mut definition } = new_task(&self.rng, &self.clock, &[]);
        definition.task_queue_id = TaskQueueId(task_queue_id.to_owned());
        let (provisioner, kind) = task_queue_id.split_once('/').unwrap();
        (definition.provisioner_id, definition.worker_type) = (provisioner.to_owned(), kind.to_owned());
        definition.payload = payload;
        definition.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap().task_id
    }

    /// A task that another kind of worker would run.
    pub(super) async fn task(&self, group: Option<TaskId>, dependencies: &[TaskId]) -> TaskId {
        let NewTask { task_id, mut definition } = new_task(&self.rng, &self.clock, dependencies);
        definition.task_group_id = group.unwrap_or(task_id).into();
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap().task_id
    }

    pub(super) async fn definition(&self, id: TaskId) -> TaskDefinition {
        serde_json::from_str(&self.queue.task(id).await.unwrap().0).unwrap()
    }

    pub(super) async fn resolved(&self, id: TaskId) -> TaskStatus {
        let look = async {
            loop {
                let status = self.queue.status(id).await.unwrap();
                if !matches!(status.state, TaskState::Pending | TaskState::Running) {
                    return status;
                }
                self.resolved.notified().await;
            }
        };
        timeout(SOON, look).await.expect("the task is not resolved")
    }

    pub(super) async fn result(&self, task_id: TaskId, run_id: RunId) -> Value {
        serde_json::from_slice(&self.read(task_id, run_id, "public/result.json").await).unwrap()
    }

    pub(super) async fn log(&self, task_id: TaskId) -> String {
        String::from_utf8(self.read(task_id, 0, "public/logs/live.log").await).unwrap()
    }

    async fn read(&self, task_id: TaskId, run_id: RunId, name: &str) -> Vec<u8> {
        let key = ArtifactKey { task_id, run_id, name: name.to_owned() };
        let found = self.artifacts.follow(key, &|_| true).await.unwrap();
        let Some(Location::Path(path)) = self.artifacts.location(&found).await.unwrap() else { panic!("a path") };
        let stored = self.artifacts.objects().find(path.rsplit('/').nth(1).unwrap()).await.unwrap();
        let bytes: Vec<Bytes> =
            self.artifacts.objects().open(&stored, None).await.unwrap().bytes.try_collect().await.unwrap();
        bytes.concat()
    }

    pub(super) async fn tasks(&self) -> u64 {
        self.database.run("select 1 from task").await
    }

    pub(super) async fn stop(self) {
        timeout(SOON, self.supervised.stop(SOON)).await.expect("the workers hold up the end");
    }
}

/// A role that may do anything, for those whose scopes assume it; everybody else may do nothing.
fn clients(clock: &TestClock) -> Clients {
    let role = RoleRow {
        role_id: "actions".to_owned(),
        scopes: vec!["*".to_owned()],
        description: String::new(),
        created: clock.now(),
        last_modified: clock.now(),
    };
    Clients::fixed([], "queue-token").with_roles(Roles::compile(vec![role]).unwrap())
}
