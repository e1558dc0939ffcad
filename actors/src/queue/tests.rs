//! The queue on a real database: each test has one of its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, TestClock};
use chrono::TimeDelta;
use db::{Db, testing::TestDatabase};
use protocol::{
    id::{TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved, Requires, TaskState},
    task::{Metadata, TaskDefinition},
};
use serde_json::json;

use super::{
    Queue, QueueError, QueueSettings, Report, start,
    types::{Claim, ClaimWorkRequest, ListTaskGroupRequest, NewGraph, NewTask, ReportRequest, WorkerRef},
};
use crate::{
    kit::{Notifications, PageAfter, Supervisor, SupervisorHandle},
    reflector::Reflector,
};

mod explain;
mod reads;
mod unreadable;

/// A queue, its database and its clock.
struct TestEnv {
    database: TestDatabase,
    db: Db,
    clock: TestClock,
    rng: Rng,
    queue: Queue,
    supervised: SupervisorHandle,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let clock = TestClock::at(SystemClock.now());
        let rng = Rng::seeded(1);
        let settings =
            QueueSettings { long_poll: base::settings::ConfigDuration::millis(300), ..QueueSettings::default() };
        let (children, queue) = start(db.clone(), Arc::new(clock.clone()), &rng, settings, Notifications::none());
        let supervised = Supervisor::start(children, rng.clone()).await;
        Self { database, db, clock, rng, queue, supervised }
    }

    async fn stop(self) {
        self.supervised.stop(Duration::from_secs(5)).await;
    }

    fn task(&self, dependencies: &[TaskId]) -> NewTask {
        new_task(&self.rng, &self.clock, dependencies)
    }

    async fn created(&self, dependencies: &[TaskId]) -> TaskId {
        let task = self.task(dependencies);
        self.queue.create_task(task).await.unwrap().task_id
    }

    async fn claim(&self, worker: &str, count: u16) -> Vec<Claim> {
        self.queue.claim_work(ask(worker, count)).await.unwrap()
    }

    async fn state(&self, id: TaskId) -> TaskState {
        self.queue.status(id).await.unwrap().state
    }

    fn reflector(&self) -> Reflector {
        let index = crate::index::Index::new(self.db.clone(), Arc::new(self.clock.clone()));
        Reflector::new(
            self.db.clone(),
            Arc::new(self.clock.clone()),
            self.rng.branch("reflector"),
            QueueSettings { sweep_interval: base::settings::ConfigDuration::millis(10), ..QueueSettings::default() },
            self.queue.notifications(),
            index,
        )
    }
}

/// A small task for `p/q` that is due in an hour.
pub(crate) fn new_task(rng: &Rng, clock: &dyn Clock, dependencies: &[TaskId]) -> NewTask {
    let task_id = TaskId::from_random(rng.uuid_bytes());
    let now = clock.now();
    let definition = TaskDefinition {
        created: now,
        deadline: now + TimeDelta::hours(1),
        dependencies: dependencies.to_vec(),
        expires: now + TimeDelta::hours(2),
        extra: json!({}),
        metadata: Metadata {
            description: String::new(),
            name: "test".to_owned(),
            owner: "o@example.com".to_owned(),
            source: "https://example.com".to_owned(),
        },
        payload: json!({"nul": "\u{0}"}),
        priority: Priority::Lowest,
        project_id: "none".to_owned(),
        provisioner_id: "p".to_owned(),
        requires: Requires::AllCompleted,
        retries: 5,
        routes: vec![],
        scheduler_id: "-".to_owned(),
        scopes: vec!["a:b".to_owned()],
        tags: BTreeMap::new(),
        task_group_id: TaskGroupId(task_id.0),
        task_queue_id: TaskQueueId("p/q".to_owned()),
        worker_type: "q".to_owned(),
    };
    NewTask { task_id, definition }
}

fn ask(worker: &str, count: u16) -> ClaimWorkRequest {
    let worker = WorkerName { worker_group: "g".to_owned(), worker_id: worker.to_owned() };
    ClaimWorkRequest { task_queue_id: TaskQueueId("p/q".to_owned()), worker, count }
}

fn worker(worker_id: &str) -> WorkerRef {
    let worker = WorkerName { worker_group: "g".to_owned(), worker_id: worker_id.to_owned() };
    WorkerRef { task_queue_id: TaskQueueId("p/q".to_owned()), worker }
}

#[tokio::test]
async fn a_task_lives_from_creation_to_completion() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    let claims = env.claim("w", 1).await;
    assert_eq!(claims[0].status.task_id, id);
    assert_eq!(claims[0].scopes, ["a:b"]);
    let status = env.queue.report(ReportRequest::new(id, 0, Report::Completed)).await.unwrap();
    assert_eq!(status.state, TaskState::Completed);
    assert_eq!(
        env.queue.report(ReportRequest::new(id, 0, Report::Completed)).await.unwrap(),
        status,
        "a repeat is answered alike"
    );
    assert!(matches!(env.queue.report(ReportRequest::new(id, 0, Report::Failed)).await, Err(QueueError::Conflict(_))));
    env.stop().await;
}

#[tokio::test]
async fn the_same_task_again_is_success_and_another_is_a_conflict() {
    let env = TestEnv::start().await;
    let task = env.task(&[]);
    let first = env.queue.create_task(task.clone()).await.unwrap();
    assert_eq!(env.queue.create_task(task.clone()).await.unwrap(), first);
    let mut other = task;
    other.definition.payload = json!({"other": true});
    assert!(matches!(env.queue.create_task(other).await, Err(QueueError::Conflict(_))));
    env.stop().await;
}

#[tokio::test]
async fn a_waiting_worker_is_woken_by_the_commit_that_made_the_task_pending() {
    let env = TestEnv::start().await;
    let waiting = env.queue.claim_work(ask("w", 1));
    let creating = async {
        // The claim waits once the record of its worker is there.
        while env.queue.worker(worker("w")).await.is_err() {
            tokio::task::yield_now().await;
        }
        env.created(&[]).await
    };
    let (claims, id) = tokio::join!(waiting, creating);
    assert_eq!(claims.unwrap()[0].status.task_id, id);
    env.stop().await;
}

#[tokio::test]
async fn a_long_poll_without_tasks_ends_empty() {
    let env = TestEnv::start().await;
    assert!(env.claim("w", 1).await.is_empty());
    env.stop().await;
}

#[tokio::test]
async fn a_worker_that_hung_up_gets_its_claim_when_it_asks_again() {
    let env = TestEnv::start().await;
    let mut polls = Vec::new();
    for _ in 0..20 {
        env.created(&[]).await;
        let mut poll = Box::pin(env.queue.claim_work(ask("w", 1)));
        // One poll submits the request; dropping it then hangs up while the batch is in the database.
        futures_poll_once(&mut poll).await;
        polls.push(poll);
    }
    drop(polls);
    let mut claimed = 0;
    while claimed < 20 {
        // An empty answer means that the batch had not come back yet when the worker asked.
        claimed += env.claim("w", 32).await.len();
    }
    env.stop().await;
}

async fn futures_poll_once(future: &mut (impl Future + Unpin)) {
    let mut future = std::pin::Pin::new(future);
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn a_dependent_counts_each_required_task_once_though_it_runs_twice() {
    let env = TestEnv::start().await;
    let (one, two) = (env.created(&[]).await, env.created(&[]).await);
    let last = env.created(&[one, two]).await;
    for run_id in 0..2 {
        let claims = env.claim("w", 2).await;
        assert!(claims.iter().any(|claim| claim.status.task_id == one));
        env.queue.report(ReportRequest::new(one, run_id, Report::Completed)).await.unwrap();
        assert_eq!(env.state(last).await, TaskState::Unscheduled);
        env.queue.rerun_task(one).await.unwrap();
    }
    env.queue.report(ReportRequest::new(two, 0, Report::Completed)).await.unwrap();
    assert_eq!(env.state(last).await, TaskState::Pending);
    env.stop().await;
}

#[tokio::test]
async fn ten_thousand_dependents_are_released_by_one_report() {
    let env = TestEnv::start().await;
    let first = env.task(&[]);
    let id = first.task_id;
    let mut tasks = vec![first];
    tasks.extend((0..10_000).map(|_| env.task(&[id])));
    let count = tasks.len();
    let graph = NewGraph { submit_key: "k".to_owned(), tasks };
    let statuses = env.queue.create_graph(graph.clone()).await.unwrap();
    assert_eq!(statuses.iter().filter(|status| status.state == TaskState::Pending).count(), 1);
    assert_eq!(env.queue.create_graph(graph).await.unwrap().len(), count, "the same key is the same graph");

    env.claim("w", 1).await;
    env.queue.report(ReportRequest::new(id, 0, Report::Completed)).await.unwrap();
    let counts = env.queue.counts(TaskQueueId("p/q".to_owned())).await.unwrap();
    assert_eq!((counts.pending, counts.claimed), (10_000, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_graph_with_a_fault_leaves_nothing_behind() {
    let env = TestEnv::start().await;
    let good = env.task(&[]);
    let id = good.task_id;
    let bad = env.task(&[TaskId::from_random(env.rng.uuid_bytes())]);
    let place = format!("tasks/{}/dependencies", bad.task_id);
    let graph = NewGraph { submit_key: "k".to_owned(), tasks: vec![good.clone(), bad] };
    let refused = env.queue.create_graph(graph).await;
    assert!(matches!(refused, Err(QueueError::Field { field, .. }) if field == place));
    assert!(matches!(env.queue.status(id).await, Err(QueueError::NoSuchTask(_))));
    let graph = NewGraph { submit_key: "k".to_owned(), tasks: vec![good] };
    env.queue.create_graph(graph).await.unwrap();
    env.stop().await;
}

#[tokio::test]
async fn claims_run_out_and_deadlines_pass_with_the_clock() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    env.claim("w", 1).await;
    let reflector = Supervisor::start(env.reflector().parts(), env.rng.branch("sweeps")).await;
    env.clock.advance(TimeDelta::minutes(21));
    while env.state(id).await != TaskState::Pending {
        tokio::task::yield_now().await;
    }
    let status = env.queue.status(id).await.unwrap();
    assert_eq!(status.runs[0].reason_resolved, Some(ReasonResolved::ClaimExpired));
    assert_eq!(status.retries_left, 4);

    env.clock.advance(TimeDelta::minutes(41));
    while env.state(id).await != TaskState::Exception {
        tokio::task::yield_now().await;
    }
    let status = env.queue.status(id).await.unwrap();
    assert_eq!(status.runs[1].reason_resolved, Some(ReasonResolved::DeadlineExceeded));
    reflector.stop(Duration::from_secs(5)).await;
    env.stop().await;
}

#[tokio::test]
async fn a_sealed_group_takes_no_task_and_can_be_canceled() {
    let env = TestEnv::start().await;
    let id = env.created(&[]).await;
    let group = TaskGroupId(id.0);
    assert!(matches!(env.queue.cancel_task_group(group).await, Err(QueueError::Conflict(_))));
    env.queue.seal_task_group(group).await.unwrap();
    let mut late = env.task(&[]);
    late.definition.task_group_id = group;
    assert!(matches!(env.queue.create_task(late).await, Err(QueueError::Conflict(_))));
    let canceled = env.queue.cancel_task_group(group).await.unwrap();
    assert_eq!((canceled.size, canceled.canceled), (1, vec![id]));
    let page = PageAfter { after: None, limit: 10 };
    let request = ListTaskGroupRequest { task_group_id: group, page };
    let tasks = env.queue.list_task_group(request).await.unwrap().tasks;
    assert_eq!(tasks.rows[0].status.runs[0].reason_resolved, Some(ReasonResolved::Canceled));
    env.stop().await;
}

#[tokio::test]
async fn many_workers_get_each_task_once() {
    let env = TestEnv::start().await;
    let tasks: Vec<_> = (0..200).map(|_| env.task(&[])).collect();
    env.queue.create_graph(NewGraph { submit_key: "k".to_owned(), tasks }).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..16 {
        let queue = env.queue.clone();
        workers.spawn(async move {
            let mut got = Vec::new();
            loop {
                let claims = queue.claim_work(ask(&format!("w{worker}"), 3)).await.unwrap();
                if claims.is_empty() {
                    return got;
                }
                for claim in claims {
                    let id = claim.status.task_id;
                    queue.report(ReportRequest::new(id, claim.run_id, Report::Completed)).await.unwrap();
                    got.push(id);
                }
            }
        });
    }
    let mut got: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(got.len(), 200);
    got.sort();
    got.dedup();
    assert_eq!(got.len(), 200);
    env.stop().await;
}

#[tokio::test]
async fn concurrent_reads_get_their_own_task_each() {
    let env = TestEnv::start().await;
    let (first, second) = (env.created(&[]).await, env.created(&[]).await);
    let missing = env.task(&[]).task_id;
    let (mut statuses, mut definitions) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
    for id in [first, missing, second].into_iter().cycle().take(300) {
        let queue = env.queue.clone();
        statuses.spawn(async move { (id, queue.status(id).await) });
        let queue = env.queue.clone();
        definitions.spawn(async move { (id, queue.task(id).await) });
    }
    for (id, status) in statuses.join_all().await {
        match status {
            Ok(status) => assert_eq!(status.task_id, id),
            Err(error) => {
                assert!(id == missing && matches!(error, QueueError::NoSuchTask(it) if it == id), "{error:?}");
            }
        }
    }
    let whole = env.queue.tasks(vec![first, second]).await.unwrap();
    for (id, definition) in definitions.join_all().await {
        match definition {
            Ok(definition) => assert_eq!(definition.0, whole.iter().find(|(task, _)| *task == id).unwrap().1.0),
            Err(error) => {
                assert!(id == missing && matches!(error, QueueError::NoSuchTask(it) if it == id), "{error:?}");
            }
        }
    }
    env.stop().await;
}
