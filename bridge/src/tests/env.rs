//! A real queue with its database and artifact store, and fake masters.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actors::{
    artifacts::Artifacts,
    auth::Auth,
    kit::{Notifications, Notifier, PageAfter, Supervisor, SupervisorHandle},
    object::{ObjectSettings, Objects},
    queue::{self, Queue, QueueSettings, types::NewTask},
};
use async_trait::async_trait;
use base::{Clock, KeyRing, Rng, TestClock, settings::ConfigDuration};
use bus::{Bus, MemoryBus};
use chrono::TimeDelta;
use db::{
    Db,
    bridge::{BridgeRequest, PendingCreate},
    testing::TestDatabase,
};
use futures_util::StreamExt;
use protocol::{
    exchanges::ExchangeNames,
    id::{RunId, TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, ReasonResolved, Requires, TaskState},
    status::TaskStatus,
    task::{Metadata, TaskDefinition},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake_master::FakeMaster;
use crate::{
    Bridge, Identity, MasterParts, MasterSettings,
    check::check_requests,
    driver::{BuildId, LogId, MasterDriver, Step},
    logs::{CopyError, Job, LogCopier},
    reconciler::Shared,
};

/// The name of the default master.
pub(super) const M: &str = "m";

pub(super) struct TestEnv {
    pub(super) db: Db,
    pub(super) clock: TestClock,
    pub(super) rng: Rng,
    pub(super) queue: Queue,
    pub(super) artifacts: Artifacts,
    pub(super) bus: Arc<dyn Bus>,
    auth: Auth,
    supervised: SupervisorHandle,
    _folder: TempDir,
    _database: TestDatabase,
}

impl TestEnv {
    pub(super) async fn start() -> Self {
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let (clock, rng) = (TestClock::default(), Rng::seeded(1));
        let dyn_clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let settings = QueueSettings { long_poll: ConfigDuration::millis(300), ..QueueSettings::default() };
        let (children, queue) = queue::start(db.clone(), dyn_clock.clone(), &rng, settings, Notifications::none());
        let supervised = Supervisor::start(children, rng.clone()).await;
        let folder = TempDir::new().unwrap();
        let objects =
            Objects::start(db.clone(), dyn_clock.clone(), rng.branch("o"), folder.path(), &ObjectSettings::default())
                .await
                .unwrap();
        let artifacts = Artifacts::new(db.clone(), dyn_clock.clone(), rng.branch("a"), objects);
        let keys = Arc::new(KeyRing::new(&[sealing_key()]).unwrap());
        let auth =
            Auth::new(db.clone(), dyn_clock, rng.branch("auth"), keys, Notifier::none(), "queue", TimeDelta::days(30));
        let bus = Arc::new(MemoryBus::default());
        Self { db, clock, rng, queue, artifacts, bus, auth, supervised, _folder: folder, _database: database }
    }

    pub(super) async fn stop(self) {
        self.supervised.stop(Duration::from_secs(5)).await;
    }

    pub(super) fn bridge(&self) -> Bridge {
        Bridge {
            queue: self.queue.clone(),
            artifacts: self.artifacts.clone(),
            auth: self.auth.clone(),
            identity: Identity::Own,
            db: self.db.clone(),
            bus: self.bus.clone(),
            exchange_names: ExchangeNames::default(),
            clock: Arc::new(self.clock.clone()),
            rng: self.rng.branch("bridge"),
            retention: ConfigDuration::days(7),
        }
    }

    /// A bridge to a fake master, as one process sees it. A second one is another process, or the same after a crash.
    pub(super) fn shared(&self, fake: &FakeMaster) -> Arc<Shared> {
        self.shared_with(fake, MasterSettings::default())
    }

    pub(super) fn shared_with(&self, fake: &FakeMaster, settings: MasterSettings) -> Arc<Shared> {
        Arc::new(self.bridge().shared(Self::parts(fake, M, settings)).unwrap())
    }

    pub(super) fn parts(fake: &FakeMaster, name: &str, settings: MasterSettings) -> MasterParts {
        let settings = MasterSettings { name: name.to_owned(), timeout: ConfigDuration::millis(50), ..settings };
        let driver: Arc<dyn MasterDriver> = Arc::new(fake.clone());
        let logs = Arc::new(Logs(driver.clone()));
        MasterParts { settings, driver, logs }
    }

    /// A pending task of master `m`, not yet known to the bridge.
    pub(super) async fn pending(&self, payload: Value) -> TaskId {
        self.pending_at(M, payload).await
    }

    pub(super) async fn pending_at(&self, master: &str, payload: Value) -> TaskId {
        self.create(master, payload, &[&format!("buildbot:build:{master}/*")], 5).await
    }

    pub(super) async fn create(&self, master: &str, payload: Value, scopes: &[&str], retries: i16) -> TaskId {
        let (task_id, now) = (TaskId::from_random(self.rng.uuid_bytes()), self.clock.now());
        let definition = TaskDefinition {
            created: now,
            deadline: now + TimeDelta::hours(12),
            dependencies: vec![],
            expires: now + TimeDelta::days(2),
            extra: json!({}),
            metadata: Metadata {
                description: String::new(),
                name: "build".to_owned(),
                owner: "o@example.com".to_owned(),
                source: "https://example.com".to_owned(),
            },
            payload,
            priority: Priority::Lowest,
            project_id: "none".to_owned(),
            provisioner_id: "buildbot".to_owned(),
            requires: Requires::AllCompleted,
            retries,
            routes: vec![],
            scheduler_id: "-".to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            tags: BTreeMap::new(),
            task_group_id: TaskGroupId(task_id.0),
            task_queue_id: TaskQueueId(format!("buildbot/{master}")),
            worker_type: master.to_owned(),
        };
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap();
        task_id
    }

    /// Stores a pending create, as `task-pending` does.
    pub(super) async fn add_pending(&self, task: TaskId, run: RunId) -> i32 {
        self.add_pending_at(M, task, run).await
    }

    pub(super) async fn add_pending_at(&self, master: &str, task: TaskId, run: RunId) -> i32 {
        let TaskStatus { deadline, expires, .. } = self.status(task).await;
        let pending = PendingCreate { task_id: task, run_id: run, deadline, expires };
        self.db.bridge_add_pending(master, &[pending], self.clock.now()).await.unwrap()
    }

    /// A pending task for builder `linux` that the bridge knows of.
    pub(super) async fn known_task(&self) -> TaskId {
        let task = self.pending(json!({"builderName": "linux"})).await;
        self.add_pending(task, 0).await;
        task
    }

    /// Cancels the task, and marks its request cancelled.
    pub(super) async fn cancel(&self, task: TaskId) {
        let status = self.queue.cancel_task(task).await.unwrap();
        let run = status.runs.last().unwrap().run_id;
        self.db.bridge_mark_cancelled(M, &[(task, run)], self.clock.now()).await.unwrap();
    }

    /// Checks requests until nothing is due.
    pub(super) async fn run_until_idle(&self, shared: &Shared) {
        for _ in 0..100 {
            let due = shared.master.due(&[], 1000).await.unwrap();
            if due.is_empty() {
                return;
            }
            check_requests(&shared.master, due, |_| ()).await;
        }
        panic!("requests stay due");
    }

    /// The same, after all requests were made due.
    pub(super) async fn check_all(&self, shared: &Shared) {
        self.db.bridge_notify(shared.master.name(), None, self.clock.now()).await.unwrap();
        self.run_until_idle(shared).await;
    }

    pub(super) async fn advance(&self, shared: &Shared, time: TimeDelta) {
        self.clock.advance(time);
        self.check_all(shared).await;
    }

    pub(super) async fn status(&self, task: TaskId) -> TaskStatus {
        self.queue.status(task).await.unwrap()
    }

    /// States and reasons of all runs.
    pub(super) async fn runs(&self, task: TaskId) -> Vec<(TaskState, Option<ReasonResolved>)> {
        self.status(task).await.runs.iter().map(|run| (run.state, run.reason_resolved)).collect()
    }

    pub(super) async fn request(&self, task: TaskId) -> BridgeRequest {
        self.db.bridge_requests_of(task).await.unwrap().pop().unwrap()
    }

    /// Names of the artifacts of a run.
    pub(super) async fn files(&self, task: TaskId, run: RunId) -> Vec<String> {
        let page = self.artifacts.list(task, run, PageAfter { after: None, limit: 100 }).await.unwrap();
        page.rows.into_iter().map(|entry| entry.name).collect()
    }

    /// The text of an artifact.
    pub(super) async fn text(&self, task: TaskId, run: RunId, name: &str) -> String {
        use actors::artifacts::{ArtifactKey, Location};
        let key = ArtifactKey { task_id: task, run_id: run, name: name.to_owned() };
        let found = self.artifacts.follow(key, &|_| true).await.unwrap();
        let Some(Location::Path(path)) = self.artifacts.location(&found).await.unwrap() else { panic!("no content") };
        let token = path.split('/').find(|part| part.contains('.') && part.len() > 60).unwrap();
        let stored = self.artifacts.objects().find(token).await.unwrap();
        let mut body = self.artifacts.objects().open(&stored, None).await.unwrap().bytes;
        let mut text = Vec::new();
        while let Some(piece) = body.next().await {
            text.extend(piece.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    /// Expires claims and deadlines.
    pub(super) async fn expire(&self) {
        let now = self.clock.now();
        self.db.expire_claims(100, now).await.unwrap();
        self.db.expire_deadlines(now, 100, now).await.unwrap();
    }
}

fn sealing_key() -> base::SealingKey {
    serde_json::from_value(json!({"id": "k", "key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="})).unwrap()
}

/// Copies complete logs at the end, and none before.
struct Logs(Arc<dyn MasterDriver>);

#[async_trait]
impl LogCopier for Logs {
    fn follow(&self, _: &Job) {}

    fn grew(&self, _: LogId) {}

    async fn finish(&self, job: &Job, steps: &[Step]) -> Result<(), CopyError> {
        let mut text = String::new();
        for log in steps.iter().flat_map(|step| &step.logs) {
            let lines = self.0.lines(log.id, 0, 100).await?;
            lines.lines.iter().for_each(|line| text.extend([&line.text, "\n"]));
        }
        Ok(job.artifacts.store_text("public/logs/live_backing.log", "text/plain; charset=utf-8", text).await?)
    }

    fn forget(&self, _: BuildId) {}
}
