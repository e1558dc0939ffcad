//! The queue asked through the bus, as another process asks it.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, settings::ConfigDuration};
use bus::{Bus, MemoryBus};
use db::testing::TestDatabase;
use protocol::{
    id::{TaskId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved, TaskState},
};

use crate::{
    kit::{Notifications, PageAfter, Supervisor, SupervisorHandle},
    queue::{Queue, QueueError, QueueSettings, Report, door::METHODS, start, tests::new_task, types::ClaimWork},
};

struct TestEnv {
    _database: TestDatabase,
    /// Leads through the bus.
    far: Queue,
    near: Queue,
    rng: Rng,
    parts: SupervisorHandle,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, rng) = (database.db().await, Rng::seeded(1));
        let (bus, clock): (Arc<dyn Bus>, Arc<dyn Clock>) = (Arc::new(MemoryBus::default()), Arc::new(SystemClock));
        let settings = QueueSettings { long_poll: ConfigDuration::millis(300), ..QueueSettings::default() };
        let (mut parts, near) = start(db, clock.clone(), rng.branch("queue"), settings.clone(), Notifications::none());
        parts.extend(near.service(&bus, &rng));
        let far = near.clone().elsewhere(&bus, &clock, &rng, &settings);
        let parts = Supervisor::start(parts, rng.clone()).await;
        Self { _database: database, far, near, rng, parts }
    }

    async fn created(&self, dependencies: &[TaskId]) -> TaskId {
        let task = new_task(&self.rng, &SystemClock, dependencies);
        self.far.create_task(task).await.unwrap().task_id
    }

    async fn claim(&self, count: u16) -> Vec<crate::queue::types::Claim> {
        self.far.claim_work(ClaimWork { task_queue_id: queue(), worker: worker(), count }).await.unwrap()
    }
}

fn queue() -> TaskQueueId {
    TaskQueueId("p/q".to_owned())
}

fn worker() -> WorkerName {
    WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() }
}

/// Both answers, told as Rust shows them, which says every field.
async fn same<T: std::fmt::Debug>(one: impl Future<Output = T>, other: impl Future<Output = T>) {
    let (one, other) = (format!("{:?}", one.await), format!("{:?}", other.await));
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_task_lives_its_life_through_the_bus() {
    let env = TestEnv::start().await;
    assert!(env.claim(1).await.is_empty(), "a worker that waited in vain is told so");
    let first = env.created(&[]).await;
    let second = env.created(&[first]).await;

    let claims = env.claim(4).await;
    assert_eq!(
        (claims.len(), claims[0].status.task_id, claims[0].scopes.as_slice()),
        (1, first, &["a:b".to_owned()][..])
    );
    let reclaim = env.far.reclaim_task(first, 0).await.unwrap();
    assert!(reclaim.taken_until >= claims[0].taken_until);
    let done = env.far.report(first, 0, Report::Completed).await.unwrap();
    assert_eq!(done.state, TaskState::Completed);

    let claims = env.claim(4).await;
    assert_eq!(claims[0].status.task_id, second);
    let reason = ReasonResolved::MalformedPayload;
    env.far.report(second, 0, Report::Exception(reason)).await.unwrap();
    assert_eq!(env.far.status(second).await.unwrap().runs[0].reason_resolved, Some(reason));
    env.parts.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn every_question_has_the_same_answer_through_the_bus() {
    let env = TestEnv::start().await;
    let (near, far) = (&env.near, &env.far);
    let id = env.created(&[]).await;
    let child = env.created(&[id]).await;
    env.claim(1).await;
    let other = env.created(&[]).await;
    let page = || PageAfter { after: None, limit: 1 };

    same(near.task(id), far.task(id)).await;
    same(near.tasks(vec![id, child]), far.tasks(vec![id, child])).await;
    same(near.statuses(vec![id, child]), far.statuses(vec![id, child])).await;
    same(near.dependents(id, page()), far.dependents(id, page())).await;
    same(near.task_group(id.into()), far.task_group(id.into())).await;
    same(near.list_task_group(id.into(), page()), far.list_task_group(id.into(), page())).await;
    same(near.counts(queue()), far.counts(queue())).await;
    same(
        near.pending_tasks(queue(), PageAfter { after: None, limit: 1 }),
        far.pending_tasks(queue(), PageAfter { after: None, limit: 1 }),
    )
    .await;
    same(near.claimed_tasks(queue(), page()), far.claimed_tasks(queue(), page())).await;
    let queues = || PageAfter { after: Some(TaskQueueId("a/b".to_owned())), limit: 5 };
    same(near.task_queues(None, queues()), far.task_queues(None, queues())).await;
    same(near.task_queues(Some("p".to_owned()), queues()), far.task_queues(Some("p".to_owned()), queues())).await;
    same(near.task_queue(queue()), far.task_queue(queue())).await;
    same(near.worker(queue(), worker()), far.worker(queue(), worker())).await;
    let workers =
        || PageAfter { after: Some(WorkerName { worker_group: "a".to_owned(), worker_id: "b".to_owned() }), limit: 5 };
    same(near.workers(queue(), workers()), far.workers(queue(), workers())).await;
    assert_eq!(far.change_task_priority(other, Priority::High).await.unwrap().priority, Priority::High);
    env.parts.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn refusals_say_the_same_through_the_bus() {
    let env = TestEnv::start().await;
    let (near, far) = (&env.near, &env.far);
    let id = env.created(&[]).await;
    let nobody = TaskId::from_random([9; 16]);
    let stranger = || WorkerName { worker_id: "stranger".to_owned(), ..worker() };
    let nowhere = || TaskQueueId("no/where".to_owned());

    same(near.cancel_task(nobody), far.cancel_task(nobody)).await;
    same(near.reclaim_task(id, 7), far.reclaim_task(id, 7)).await;
    same(near.report(id, 0, Report::Failed), far.report(id, 0, Report::Failed)).await;
    same(near.task_group(nobody.into()), far.task_group(nobody.into())).await;
    same(near.worker(queue(), stranger()), far.worker(queue(), stranger())).await;
    same(near.task_queue(nowhere()), far.task_queue(nowhere())).await;
    let orphan = || new_task(&Rng::seeded(8), &still(), &[nobody]);
    same(near.create_task(orphan()), far.create_task(orphan())).await;
    env.parts.stop(Duration::from_secs(5)).await;
}

/// One that stands still, so that two definitions are the same.
fn still() -> base::TestClock {
    base::TestClock::at("2026-01-01T00:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn an_explanation_is_the_same_from_far() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    let (far, near) = (env.far.explain(id).await.unwrap(), env.near.explain(id).await.unwrap());
    assert_eq!((far.cause, far.verdict), (near.cause, near.verdict));
    env.parts.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_queue_that_nobody_runs_is_said_to_be_away() {
    let env = TestEnv::start().await;
    env.parts.stop(Duration::from_secs(5)).await;
    let answer = env.far.status(TaskId::from_random([1; 16])).await;
    assert!(matches!(answer, Err(QueueError::Unavailable(_))), "{answer:?}");
}

#[test]
fn the_methods_are_those_that_the_protocol_declares() {
    let declared = include_str!("../../../../protocol/proto/drover/v1/queue.proto");
    let names = declared.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
    assert_eq!(names.collect::<Vec<_>>(), METHODS);
}
