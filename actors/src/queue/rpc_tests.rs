//! The queue called over the bus, as another process calls it.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, settings::ConfigDuration};
use bus::{Bus, MemoryBus};
use db::testing::TestDatabase;
use protocol::{
    id::{TaskId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved, TaskState},
};

use super::{
    Queue, QueueError, QueueSettings, Report, connect, start,
    tests::new_task,
    types::{
        ChangeTaskPriorityRequest, Claim, ClaimWorkRequest, ListClaimedTasksRequest, ListDependentsRequest,
        ListPendingTasksRequest, ListTaskGroupRequest, ListTaskQueuesRequest, ListWorkersRequest, ReclaimTaskRequest,
        ReportRequest, WorkerRef,
    },
};
use crate::kit::{Notifications, PageAfter, Supervisor, SupervisorHandle};

struct TestEnv {
    _database: TestDatabase,
    /// Over the bus.
    remote: Queue,
    local: Queue,
    rng: Rng,
    actors: SupervisorHandle,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, rng) = (database.db().await, Rng::seeded(1));
        let (bus, clock): (Arc<dyn Bus>, Arc<dyn Clock>) = (Arc::new(MemoryBus::default()), Arc::new(SystemClock));
        let settings = QueueSettings { long_poll: ConfigDuration::millis(300), ..QueueSettings::default() };
        let none = Notifications::none();
        let (mut actors, local) =
            start(db.clone(), clock.clone(), &rng.branch("queue"), settings.clone(), none.clone());
        actors.extend(local.rpc_servers(&bus, &rng));
        let (writer, remote) = connect(db, &bus, clock, &rng, &settings, none);
        actors.extend(writer);
        let actors = Supervisor::start(actors, rng.clone()).await;
        Self { _database: database, remote, local, rng, actors }
    }

    async fn created(&self, dependencies: &[TaskId]) -> TaskId {
        let task = new_task(&self.rng, &SystemClock, dependencies);
        self.remote.create_task(task).await.unwrap().task_id
    }

    async fn claim(&self, count: u16) -> Vec<Claim> {
        self.remote.claim_work(ClaimWorkRequest { task_queue_id: queue(), worker: worker(), count }).await.unwrap()
    }
}

fn queue() -> TaskQueueId {
    TaskQueueId("p/q".to_owned())
}

fn worker() -> WorkerName {
    WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() }
}

/// Compares the answers as Rust prints them, with every field.
async fn same<T: std::fmt::Debug>(one: impl Future<Output = T>, other: impl Future<Output = T>) {
    let (one, other) = (format!("{:?}", one.await), format!("{:?}", other.await));
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_task_runs_to_its_end_over_the_bus() {
    let env = TestEnv::start().await;
    assert!(env.claim(1).await.is_empty(), "a worker for whom there is nothing gets an empty answer");
    let first = env.created(&[]).await;
    let second = env.created(&[first]).await;

    let claims = env.claim(4).await;
    assert_eq!(
        (claims.len(), claims[0].status.task_id, claims[0].scopes.as_slice()),
        (1, first, &["a:b".to_owned()][..])
    );
    let reclaim = env.remote.reclaim_task(ReclaimTaskRequest { task_id: first, run_id: 0 }).await.unwrap();
    assert!(reclaim.taken_until >= claims[0].taken_until);
    let done = env.remote.report(ReportRequest::new(first, 0, Report::Completed)).await.unwrap();
    assert_eq!(done.state, TaskState::Completed);

    let claims = env.claim(4).await;
    assert_eq!(claims[0].status.task_id, second);
    let reason = ReasonResolved::MalformedPayload;
    env.remote.report(ReportRequest::new(second, 0, Report::Exception(reason))).await.unwrap();
    assert_eq!(env.remote.status(second).await.unwrap().runs[0].reason_resolved, Some(reason));
    env.actors.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn every_read_has_the_same_answer_over_the_bus() {
    let env = TestEnv::start().await;
    let (local, remote) = (&env.local, &env.remote);
    let id = env.created(&[]).await;
    let child = env.created(&[id]).await;
    env.claim(1).await;
    let other = env.created(&[]).await;
    let page = || PageAfter { after: None, limit: 1 };

    same(local.task(id), remote.task(id)).await;
    same(local.tasks(vec![id, child]), remote.tasks(vec![id, child])).await;
    same(local.statuses(vec![id, child]), remote.statuses(vec![id, child])).await;
    let dependents = || ListDependentsRequest { task_id: id, page: page() };
    same(local.dependents(dependents()), remote.dependents(dependents())).await;
    same(local.task_group(id.into()), remote.task_group(id.into())).await;
    let group = || ListTaskGroupRequest { task_group_id: id.into(), page: page() };
    same(local.list_task_group(group()), remote.list_task_group(group())).await;
    let changed = ChangeTaskPriorityRequest { task_id: other, priority: Priority::High };
    assert_eq!(remote.change_task_priority(changed).await.unwrap().priority, Priority::High);
    env.actors.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn every_read_of_queues_and_workers_has_the_same_answer_over_the_bus() {
    let env = TestEnv::start().await;
    let (local, remote) = (&env.local, &env.remote);
    env.created(&[]).await;
    env.claim(1).await;
    env.created(&[]).await;

    same(local.counts(queue()), remote.counts(queue())).await;
    let pending = || ListPendingTasksRequest { task_queue_id: queue(), page: PageAfter { after: None, limit: 1 } };
    same(local.pending_tasks(pending()), remote.pending_tasks(pending())).await;
    let claimed = || ListClaimedTasksRequest { task_queue_id: queue(), page: PageAfter { after: None, limit: 1 } };
    same(local.claimed_tasks(claimed()), remote.claimed_tasks(claimed())).await;
    for provisioner in [None, Some("p")] {
        let page = || PageAfter { after: Some(TaskQueueId("a/b".to_owned())), limit: 5 };
        let queues = || ListTaskQueuesRequest { provisioner_id: provisioner.map(str::to_owned), page: page() };
        same(local.task_queues(queues()), remote.task_queues(queues())).await;
    }
    same(local.task_queue(queue()), remote.task_queue(queue())).await;
    let one = || WorkerRef { task_queue_id: queue(), worker: worker() };
    same(local.worker(one()), remote.worker(one())).await;
    let after = || WorkerName { worker_group: "a".to_owned(), worker_id: "b".to_owned() };
    let page = || PageAfter { after: Some(after()), limit: 5 };
    let workers = || ListWorkersRequest { task_queue_id: queue(), page: page() };
    same(local.workers(workers()), remote.workers(workers())).await;
    env.actors.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn errors_are_the_same_over_the_bus() {
    let env = TestEnv::start().await;
    let (local, remote) = (&env.local, &env.remote);
    let id = env.created(&[]).await;
    let nobody = TaskId::from_random([9; 16]);
    let unknown =
        || WorkerRef { task_queue_id: queue(), worker: WorkerName { worker_id: "unknown".to_owned(), ..worker() } };
    let nowhere = || TaskQueueId("no/where".to_owned());

    same(local.cancel_task(nobody), remote.cancel_task(nobody)).await;
    same(
        local.reclaim_task(ReclaimTaskRequest { task_id: id, run_id: 7 }),
        remote.reclaim_task(ReclaimTaskRequest { task_id: id, run_id: 7 }),
    )
    .await;
    same(
        local.report(ReportRequest::new(id, 0, Report::Failed)),
        remote.report(ReportRequest::new(id, 0, Report::Failed)),
    )
    .await;
    same(local.task_group(nobody.into()), remote.task_group(nobody.into())).await;
    same(local.worker(unknown()), remote.worker(unknown())).await;
    same(local.task_queue(nowhere()), remote.task_queue(nowhere())).await;
    let orphan = || new_task(&Rng::seeded(8), &still(), &[nobody]);
    same(local.create_task(orphan()), remote.create_task(orphan())).await;
    env.actors.stop(Duration::from_secs(5)).await;
}

/// One that stands still, so that two definitions are the same.
fn still() -> base::TestClock {
    base::TestClock::at("2026-01-01T00:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn an_explanation_is_the_same_over_the_bus() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    let (remote, local) = (env.remote.explain(id).await.unwrap(), env.local.explain(id).await.unwrap());
    assert_eq!((remote.cause, remote.verdict), (local.cause, local.verdict));
    env.actors.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_queue_that_nobody_runs_is_unavailable() {
    let env = TestEnv::start().await;
    env.actors.stop(Duration::from_secs(5)).await;
    let answer = env.remote.status(TaskId::from_random([1; 16])).await;
    assert!(matches!(answer, Err(QueueError::Unavailable(_))), "{answer:?}");
}
