//! Each check finds what was broken behind the stored functions, and repairs it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base::{Clock, ConfigDuration, SystemClock, TestClock};
use db::{
    Db,
    outbox::EventFilter,
    queue::{ClaimBatch, Claimer},
    testing::TestDatabase,
};
use protocol::{
    id::{TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::{Priority, Requires, TaskState},
    task::{Metadata, TaskDefinition},
    time::Timestamp,
};
use serde_json::json;

use super::*;
use crate::{
    kit::{Notifier, Supervisor, SupervisorHandle},
    queue::{
        Queue, QueueError, Report, start,
        types::{ClaimWorkRequest, DeclareWorkerRequest, NewTask, ReclaimTaskRequest, ReportRequest, WorkerRef},
    },
};

struct TestEnv {
    database: TestDatabase,
    db: Db,
    clock: TestClock,
    rng: Rng,
    queue: Queue,
    parts: SupervisorHandle,
    reflector: Reflector,
    relay_woken: Arc<AtomicUsize>,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let (clock, rng) = (TestClock::at(SystemClock.now()), Rng::seeded(1));
        let settings = QueueSettings {
            long_poll: ConfigDuration::millis(50),
            sweep_interval: ConfigDuration::millis(10),
            ..QueueSettings::default()
        };
        let relay_woken = Arc::new(AtomicUsize::new(0));
        let woken = relay_woken.clone();
        let relay = Notifier::new(move || {
            woken.fetch_add(1, Ordering::SeqCst);
        });
        let notifications = Notifications { relay, ..Notifications::none() };
        let (children, queue) = start(db.clone(), Arc::new(clock.clone()), &rng, settings.clone(), notifications);
        let parts = Supervisor::start(children, rng.clone()).await;
        let index = Index::new(db.clone(), Arc::new(clock.clone()));
        let reflector =
            Reflector::new(db.clone(), Arc::new(clock.clone()), rng.clone(), settings, queue.notifications(), index);
        Self { database, db, clock, rng, queue, parts, reflector, relay_woken }
    }

    async fn created(&self, dependencies: &[TaskId], routes: &[&str]) -> TaskId {
        let task_id = TaskId::from_random(self.rng.uuid_bytes());
        let now = self.clock.now();
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
            payload: json!({}),
            priority: Priority::Lowest,
            project_id: "none".to_owned(),
            provisioner_id: "p".to_owned(),
            requires: Requires::AllCompleted,
            retries: 5,
            routes: routes.iter().map(|route| (*route).to_owned()).collect(),
            scheduler_id: "-".to_owned(),
            scopes: vec![],
            tags: BTreeMap::new(),
            task_group_id: TaskGroupId(task_id.0),
            task_queue_id: queue_id(),
            worker_type: "q".to_owned(),
        };
        self.queue.create_task(NewTask { task_id, definition }).await.unwrap();
        task_id
    }

    async fn claim(&self, worker: &str, count: u16) -> Vec<TaskId> {
        let ask = ClaimWorkRequest { task_queue_id: queue_id(), worker: name(worker), count };
        let claims = self.queue.claim_work(ask).await.unwrap();
        claims.iter().map(|claim| claim.status.task_id).collect()
    }

    /// What a process does that dies before its answer is out.
    async fn claim_and_die(&self, worker: &str, count: u16) {
        let claimer = Claimer { task_queue_id: queue_id(), worker: name(worker), count, touch: true, trace: None };
        let now = self.clock.now();
        let lease = QueueSettings::default().claim_timeout.delta();
        let batch = ClaimBatch::new([&claimer]);
        let answers = self.db.batch_connection().claim_work(&batch, now + lease, now).await.unwrap();
        assert!(!answers.is_empty());
    }

    /// Asks until there is something, a minute at most.
    async fn claim_soon(&self, worker: &str, count: u16) -> Vec<TaskId> {
        for _ in 0..1200 {
            let claimed = self.claim(worker, count).await;
            if !claimed.is_empty() {
                return claimed;
            }
        }
        panic!("there was nothing for {worker}");
    }

    async fn completed(&self, routes: &[&str]) -> TaskId {
        let id = self.created(&[], routes).await;
        assert_eq!(self.claim("w", 1).await, [id]);
        self.queue.report(ReportRequest::new(id, 0, Report::Completed)).await.unwrap();
        id
    }

    async fn state(&self, id: TaskId) -> TaskState {
        self.queue.status(id).await.unwrap().state
    }

    fn later(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }

    async fn repair(&self) {
        self.reflector.repair(self.clock.now()).await.unwrap();
    }

    async fn stop(self) {
        self.parts.stop(Duration::from_secs(5)).await;
    }
}

fn queue_id() -> TaskQueueId {
    TaskQueueId("p/q".to_owned())
}

fn name(worker: &str) -> WorkerName {
    WorkerName { worker_group: "g".to_owned(), worker_id: worker.to_owned() }
}

const SOON: Duration = Duration::from_secs(20);
/// More than enough for a few looks, which tests that find nothing must give.
const LOOKS: Duration = Duration::from_millis(300);
/// Touches every row of a table; how many there are.
const CLAIMS: &str = "update drover.claim set run_id = run_id";
const CHECKS: &str = "update drover.group_check set at = at";

#[tokio::test]
async fn a_running_task_gets_its_claim_back_and_a_claim_of_nothing_goes() {
    let env = TestEnv::start().await;
    let done = env.completed(&[]).await;
    env.created(&[], &[]).await;
    assert_eq!(env.claim("w", 1).await.len(), 1);
    env.database.run("delete from drover.claim").await;
    let stale = "insert into drover.claim select task_id, 0, started, started, 'p/q' from drover.task where state = 3";
    assert_eq!((env.database.run(stale).await, env.state(done).await), (1, TaskState::Completed));

    env.repair().await;
    assert_eq!(env.database.run(CLAIMS).await, 1);
    assert_eq!(
        env.database
            .run("delete from drover.claim c using drover.task t where t.task_id = c.task_id and t.state = 2")
            .await,
        1
    );
    env.stop().await;
}

#[tokio::test]
async fn a_task_that_a_resolved_dependency_still_blocks_is_released() {
    let env = TestEnv::start().await;
    let first = env.created(&[], &[]).await;
    let second = env.created(&[], &[]).await;
    let blocked = env.created(&[first], &[]).await;
    let waiting = env.created(&[first, second], &[]).await;
    env.claim("w", 1).await;
    env.queue.report(ReportRequest::new(first, 0, Report::Completed)).await.unwrap();
    env.database.run("delete from drover.pending p using drover.task t, drover.task_dependency e where t.task_id = p.task_id and e.dependent = t.task_id").await;
    let forget =
        "update drover.task t set state = 0, run_id = -1, pending_seq = null, scheduled = null, reason_created = null,
      unsatisfied_dependencies = t.unsatisfied_dependencies + 1 from (select distinct dependent from drover.task_dependency) e where e.dependent = t.task_id";
    assert_eq!(env.database.run(forget).await, 2);

    env.repair().await;
    assert_eq!(env.state(blocked).await, TaskState::Pending);
    assert_eq!(env.state(waiting).await, TaskState::Unscheduled, "its other dependency is not done");
    assert_eq!(env.claim("w", 9).await, [second, blocked]);
    env.queue.report(ReportRequest::new(second, 0, Report::Completed)).await.unwrap();
    assert_eq!(env.state(waiting).await, TaskState::Pending);
    env.stop().await;
}

#[tokio::test]
async fn a_resolved_group_without_its_event_is_checked_again_and_published_once() {
    let env = TestEnv::start().await;
    let mut outbox = env.db.outbox(0);
    let mut log = async || {
        let now = env.clock.now();
        outbox.prepare_log(TimeDelta::days(7), now).await.unwrap();
        let ids = outbox.read(&EventFilter::everything(), 100).await.unwrap().ids;
        outbox.log(&ids, now).await.unwrap();
    };
    env.completed(&[]).await;
    env.database.run("delete from drover.group_check").await;
    log().await;
    env.repair().await;
    assert_eq!(env.database.run(CHECKS).await, 0, "it may be under way");

    env.later(TimeDelta::minutes(2));
    env.repair().await;
    assert_eq!(env.database.run(CHECKS).await, 1);
    assert_eq!(env.db.check_groups(9, env.clock.now()).await.unwrap(), 1);
    log().await;
    env.database.run("delete from drover.sweep_mark").await;
    env.repair().await;
    assert_eq!(env.database.run(CHECKS).await, 0, "now it was handed out");
    env.stop().await;
}

#[tokio::test]
async fn a_completed_task_that_is_missing_in_the_index_is_put_there() {
    let env = TestEnv::start().await;
    let task = env.completed(&["index.proj.latest", "notify.x"]).await;
    env.later(TimeDelta::minutes(2));
    env.repair().await;
    let found = env.reflector.index.find(&"proj.latest".parse().unwrap()).await.unwrap();
    assert_eq!(found.task_id, task);
    assert_eq!(env.reflector.index.repair(&[task]).await.unwrap(), 0, "nothing is missing any more");
    env.stop().await;
}

#[tokio::test]
async fn events_that_wait_too_long_wake_the_relay() {
    let env = TestEnv::start().await;
    env.created(&[], &[]).await;
    let before = env.relay_woken.load(Ordering::SeqCst);
    env.repair().await;
    assert_eq!(env.relay_woken.load(Ordering::SeqCst), before);
    env.later(TimeDelta::minutes(2));
    env.repair().await;
    assert_eq!(env.relay_woken.load(Ordering::SeqCst), before + 1);
    env.stop().await;
}

fn gone(expires: Timestamp) -> DeclareWorkerRequest {
    DeclareWorkerRequest { task_queue_id: queue_id(), worker: name("gone"), expires }
}

#[tokio::test]
async fn a_worker_that_is_declared_gone_has_its_runs_retried_at_once() {
    let env = TestEnv::start().await;
    let id = env.created(&[], &[]).await;
    env.claim("gone", 1).await;
    let now = env.clock.now();
    env.queue.declare_worker(gone(now + TimeDelta::hours(1))).await.unwrap();
    assert_eq!(env.state(id).await, TaskState::Running, "it is still there");
    env.queue.declare_worker(gone(now)).await.unwrap();

    let status = env.queue.status(id).await.unwrap();
    assert_eq!((status.state, status.runs.len(), status.retries_left), (TaskState::Pending, 2, 4));
    assert_eq!(env.claim("other", 1).await, [id]);
    let late = env.queue.report(ReportRequest::new(id, 0, Report::Completed)).await;
    assert!(matches!(late, Err(QueueError::Conflict(_))), "{late:?}");
    env.stop().await;
}

#[tokio::test]
async fn a_claim_whose_answer_died_with_its_process_goes_to_its_worker_again_with_the_same_lease() {
    let env = TestEnv::start().await;
    let id = env.created(&[], &[]).await;
    env.claim_and_die("w", 1).await;
    let lease = env.queue.status(id).await.unwrap().runs[0].taken_until;
    assert!(env.claim("w", 1).await.is_empty(), "its process may be about to answer");

    env.later(TimeDelta::seconds(4));
    assert_eq!(env.claim_soon("w", 1).await, [id]);
    let status = env.queue.status(id).await.unwrap();
    assert_eq!((status.runs.len(), status.runs[0].taken_until), (1, lease));
    let record = env.queue.worker(WorkerRef { task_queue_id: queue_id(), worker: name("w") }).await.unwrap();
    assert_eq!(record.recent_tasks.len(), 1, "whoever asks for the record finds noted what was handed out");
    env.later(TimeDelta::seconds(4));
    tokio::time::sleep(LOOKS).await;
    assert!(env.claim("w", 1).await.is_empty(), "it was delivered now, and is not delivered again");
    env.stop().await;
}

#[tokio::test]
async fn a_claim_that_was_answered_to_a_process_which_did_not_hand_it_on_goes_to_its_worker_again() {
    let env = TestEnv::start().await;
    let id = env.created(&[], &[]).await;
    let ask = ClaimWorkRequest { task_queue_id: queue_id(), worker: name("w"), count: 1 };
    assert_eq!(env.queue.assign_work(ask).await.unwrap().len(), 1, "as for the process of the API, which stops now");
    env.later(TimeDelta::seconds(4));
    assert_eq!(env.claim_soon("w", 1).await, [id]);
    env.stop().await;
}

#[tokio::test]
async fn a_claim_whose_answer_is_lost_again_and_again_comes_back_each_time_with_the_same_lease() {
    let env = TestEnv::start().await;
    let id = env.created(&[], &[]).await;
    env.claim_and_die("w", 1).await;
    let lease = env.queue.status(id).await.unwrap().runs[0].taken_until;
    for lost in 1..4 {
        env.later(TimeDelta::seconds(4));
        let given = tokio::time::timeout(SOON, async {
            // The way of a process that ends before it has handed it on.
            loop {
                let ask = ClaimWorkRequest { task_queue_id: queue_id(), worker: name("w"), count: 1 };
                let claims = env.queue.assign_work(ask).await.unwrap();
                if let [claim] = &claims[..] {
                    break claim.status.task_id;
                }
            }
        });
        assert_eq!(given.await.expect("it is given again within seconds"), id, "after {lost} lost answers");
        tokio::time::sleep(LOOKS).await;
        assert!(env.claim("w", 1).await.is_empty(), "its process may be about to answer");
    }
    env.later(TimeDelta::seconds(4));
    assert_eq!(env.claim_soon("w", 1).await, [id]);
    let status = env.queue.status(id).await.unwrap();
    assert_eq!((status.runs.len(), status.runs[0].taken_until), (1, lease));
    env.queue.report(ReportRequest::new(id, 0, Report::Completed)).await.unwrap();
    env.stop().await;
}

#[tokio::test]
async fn a_worker_with_room_for_more_never_gets_what_it_may_be_working_on() {
    let env = TestEnv::start().await;
    let (first, second) = (env.created(&[], &[]).await, env.created(&[], &[]).await);
    env.claim_and_die("w", 2).await;
    env.later(TimeDelta::seconds(1));
    env.queue.reclaim_task(ReclaimTaskRequest { task_id: first, run_id: 0 }).await.unwrap();
    env.later(TimeDelta::seconds(4));

    assert_eq!(env.claim_soon("w", 1).await, [second], "the one that was reclaimed is known");
    let third = env.created(&[], &[]).await;
    env.claim_and_die("v", 2).await;
    env.later(TimeDelta::seconds(4));
    tokio::time::sleep(LOOKS).await;
    assert!(env.claim("v", 1).await.is_empty(), "it may be working on the third in one of its two places");
    assert_eq!(env.claim("v", 2).await, [third]);
    env.stop().await;
}
