//! Built-in workers with a real queue on a real database.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, TestClock};
use db::testing::TestDatabase;
use protocol::{
    id::{TaskId, TaskQueueId},
    state::{ReasonResolved, TaskState},
    status::TaskStatus,
};
use serde_json::json;
use tokio::{sync::Notify, time::timeout};

use super::*;
use crate::{
    kit::{Notifications, Notifier, Supervisor, SupervisorHandle},
    queue::{QueueSettings, start, tests::new_task, types::NewTask},
};

const SOON: Duration = Duration::from_secs(20);

struct TestEnv {
    _database: TestDatabase,
    queue: Queue,
    rng: Rng,
    clock: TestClock,
    resolved: Arc<Notify>,
    supervised: SupervisorHandle,
}

impl TestEnv {
    /// A queue, and as many processes with built-in workers.
    async fn start(processes: u64) -> Self {
        let database = TestDatabase::create().await;
        let (clock, rng, resolved) = (TestClock::at(SystemClock.now()), Rng::seeded(1), Arc::new(Notify::new()));
        let notify = resolved.clone();
        let scheduler = Notifier::new(move || notify.notify_one());
        let notifications = Notifications { scheduler, ..Notifications::none() };
        let settings = QueueSettings::default();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let (mut children, queue) = start(database.db().await, shared.clone(), &rng, settings, notifications);
        for process in 0..processes {
            let built_in = BuiltIn { queue: queue.clone(), clock: shared.clone(), rng: Rng::seeded(10 + process) };
            children.push(built_in.workers());
        }
        let supervised = Supervisor::start(children, rng.clone()).await;
        Self { _database: database, queue, rng, clock, resolved, supervised }
    }

    async fn create(&self, task_queue_id: &str, payload: serde_json::Value) -> TaskId {
        let NewTask { task_id, mut definition } = new_task(&self.rng, &self.clock, &[]);
        definition.task_queue_id = TaskQueueId(task_queue_id.to_owned());
        let (provisioner, kind) = task_queue_id.split_once('/').unwrap();
        (definition.provisioner_id, definition.worker_type) = (provisioner.to_owned(), kind.to_owned());
        definition.payload = payload;
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap().task_id
    }

    async fn resolved(&self, id: TaskId) -> TaskStatus {
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

    async fn stop(self) {
        timeout(SOON, self.supervised.stop(SOON)).await.expect("the workers hold up the end");
    }
}

#[tokio::test]
async fn tasks_of_the_built_in_queues_succeed_and_fail() {
    let env = TestEnv::start(1).await;
    let (good, bad) = (env.create("built-in/succeed", json!({})).await, env.create("built-in/fail", json!({})).await);
    let status = env.resolved(good).await;
    assert_eq!((status.state, status.runs.len()), (TaskState::Completed, 1));
    assert_eq!(status.runs[0].worker_group.as_deref(), Some("built-in"));
    let status = env.resolved(bad).await;
    assert_eq!((status.state, status.runs[0].reason_resolved), (TaskState::Failed, Some(ReasonResolved::Failed)));
    env.stop().await;
}

#[tokio::test]
async fn a_payload_that_is_not_empty_is_malformed() {
    let env = TestEnv::start(1).await;
    for (queue, payload) in
        [("built-in/succeed", json!({ "command": ["true"] })), ("built-in/fail", json!({ "maxRunTime": 60 }))]
    {
        let status = env.resolved(env.create(queue, payload).await).await;
        let run = &status.runs[0];
        assert_eq!((run.state, run.reason_resolved), (TaskState::Exception, Some(ReasonResolved::MalformedPayload)));
        assert_eq!(status.runs.len(), 1, "the same again would be malformed again");
    }
    env.stop().await;
}

#[tokio::test]
async fn two_processes_share_the_tasks() {
    let env = TestEnv::start(2).await;
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(env.create("built-in/succeed", json!({})).await);
    }
    for id in ids {
        let status = env.resolved(id).await;
        assert_eq!((status.state, status.runs.len()), (TaskState::Completed, 1));
    }
    env.stop().await;
}
