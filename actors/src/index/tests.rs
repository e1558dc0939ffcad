use std::{collections::BTreeMap, time::Duration};

use base::{Rng, TestClock};
use bus::{Bus, BusError, ContentType, MemoryBus, Message};
use chrono::TimeDelta;
use db::{
    queue::{ClaimBatch, Claimer, CreateBatch, NewTaskRow, ReportBatch, UploadExemptions},
    testing::TestDatabase,
};
use protocol::{
    exchanges::ExchangeNames,
    id::{TaskGroupId, TaskQueueId, WorkerName},
    state::{Priority, ReasonResolved, Requires, TaskState},
};
use serde_json::{Value, json};

use super::*;
use crate::kit::{Supervisor, SupervisorHandle};

const SOON: Duration = Duration::from_secs(20);
const EXCHANGE: &str = "exchange/taskcluster-queue/v1/task-completed";

/// An index, and a bus for its events.
struct TestEnv {
    index: Index,
    db: Db,
    bus: Arc<dyn Bus>,
    clock: TestClock,
    rng: Rng,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, clock) = (database.db().await, TestClock::default());
        let index = Index::new(db.clone(), Arc::new(clock.clone()));
        let bus = Arc::new(MemoryBus::default());
        Self { index, db, bus, clock, rng: Rng::seeded(1), _database: database }
    }

    async fn consumer(&self) -> SupervisorHandle {
        let child = self.index.consumer(self.bus.clone(), &ExchangeNames::default(), self.rng.clone());
        Supervisor::start(vec![child], self.rng.clone()).await
    }

    fn entry(&self, path: &str, rank: f64) -> NewEntry {
        NewEntry {
            path: path.parse().unwrap(),
            task_id: TaskId::from_random(self.rng.uuid_bytes()),
            rank,
            data: "{}".to_owned(),
            expires: self.clock.now() + TimeDelta::hours(1),
        }
    }

    async fn insert(&self, path: &str, rank: f64) -> TaskId {
        self.index.insert(self.entry(path, rank)).await.unwrap().task_id
    }

    async fn found(&self, path: &str) -> Option<TaskId> {
        self.index.find(&path.parse().unwrap()).await.ok().map(|entry| entry.task_id)
    }

    /// A task that has run.
    async fn task(&self, extra: Value, routes: &[&str]) -> TaskId {
        let (task_id, now) = (self.pending_task(extra, routes).await, self.clock.now());
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        let queue = TaskQueueId("proj/kind".to_owned());
        let claimer = Claimer { task_queue_id: queue, worker, count: 1, touch: true, trace: None };
        let claims = ClaimBatch::new([&claimer]);
        self.db.batch_connection().claim_work(&claims, now + TimeDelta::hours(1), now).await.unwrap();
        let mut reports = ReportBatch::default();
        reports.push(task_id, 0, TaskState::Completed, ReasonResolved::Completed, false, None);
        self.db.batch_connection().report_runs(&reports, &UploadExemptions::all(), now).await.unwrap();
        task_id
    }

    async fn pending_task(&self, extra: Value, routes: &[&str]) -> TaskId {
        let (task_id, now) = (TaskId::from_random(self.rng.uuid_bytes()), self.clock.now());
        let row = NewTaskRow {
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
            body: json!({"routes": routes, "tags": {}, "extra": extra, "priority": "lowest"}).to_string(),
            trace: None,
        };
        self.db.batch_connection().create_tasks(&CreateBatch::new(&[row], &[]), now).await.unwrap();
        task_id
    }

    /// Confirmed once the index has done its part.
    async fn publish(&self, messages: &[Message]) -> Result<(), BusError> {
        self.bus.publish(messages, SOON).await
    }
}

fn completed(task_id: TaskId, routes: &[&str]) -> Message {
    message(&json!({"status": {"taskId": task_id}, "more": 1}).to_string(), routes)
}

fn message(body: &str, routes: &[&str]) -> Message {
    Message {
        exchange: EXCHANGE.into(),
        routing_key: "primary.x".to_owned(),
        cc: routes.iter().map(|route| format!("route.{route}")).collect(),
        content_type: ContentType::Json,
        body: body.to_owned().into(),
        id: String::new(),
        replayed: false,
    }
}

#[tokio::test]
async fn the_higher_rank_stays_and_of_equals_the_later() {
    let env = TestEnv::start().await;
    let first = env.insert("a.b", 1.5).await;
    assert_eq!(env.insert("a.b", 1.0).await, first);
    let second = env.insert("a.b", 1.5).await;
    assert_ne!(second, first);
    assert_eq!(env.found("a.b").await, Some(second));
    let batch = [env.entry("x", 3.0), env.entry("x", 7.0), env.entry("x", 7.0), env.entry("x", 2.0)];
    env.index.insert_all(batch.to_vec()).await.unwrap();
    assert_eq!(env.found("x").await, Some(batch[2].task_id));
}

#[tokio::test]
async fn an_expired_entry_is_not_found_and_blocks_no_other() {
    let env = TestEnv::start().await;
    env.insert("a.b", 9.0).await;
    env.clock.advance(TimeDelta::hours(2));
    assert_eq!(env.found("a.b").await, None);
    let later = env.insert("a.b", 1.0).await;
    assert_eq!(env.found("a.b").await, Some(later));
    env.clock.advance(TimeDelta::days(3));
    assert!(env.db.expire_services(10, env.clock.now()).await.unwrap() > 0);
    let page = PageAfter { after: None, limit: 10 };
    assert!(env.index.namespaces("", page).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn a_namespace_lists_what_is_directly_in_it_a_page_at_a_time() {
    let env = TestEnv::start().await;
    for path in ["n.one", "n.two", "n.sub.three", "n.sub.deep.four", "n.other.five", "n.sub", "m"] {
        env.insert(path, 0.0).await;
    }
    let (mut after, mut tasks, mut spaces) = (None, Vec::new(), Vec::new());
    loop {
        let page = env.index.tasks("n", PageAfter { after, limit: 1 }).await.unwrap();
        tasks.extend(page.rows.into_iter().map(|entry| entry.name));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = env.index.namespaces("n", PageAfter { after, limit: 1 }).await.unwrap();
        spaces.extend(page.rows.into_iter().map(|namespace| namespace.name));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((tasks, spaces), (strings(&["one", "sub", "two"]), strings(&["other", "sub"])));
    let root = env.index.tasks("", PageAfter { after: None, limit: 10 }).await.unwrap();
    assert_eq!(root.rows.into_iter().map(|entry| entry.name).collect::<Vec<_>>(), ["m"]);
}

#[tokio::test]
async fn several_paths_are_looked_up_at_once() {
    let env = TestEnv::start().await;
    let made: BTreeMap<&str, TaskId> =
        [("a", env.insert("a", 0.0).await), ("a.b.c", env.insert("a.b.c", 0.0).await)].into();
    let paths = ["a.b.c", "none.such", "a", "a"].map(|path| path.parse().unwrap());
    let first = env.index.find_all(&paths, PageAfter { after: None, limit: 1 }).await.unwrap();
    let rest = env.index.find_all(&paths, PageAfter { after: first.next, limit: 5 }).await.unwrap();
    let found: Vec<TaskId> = first.rows.iter().chain(&rest.rows).map(|entry| entry.task_id).collect();
    assert_eq!(found, made.into_values().collect::<Vec<_>>());
    assert!(rest.next.is_none());
}

#[tokio::test]
async fn a_completed_task_is_in_the_index_before_its_event_is_forgotten() {
    let env = TestEnv::start().await;
    let consumer = env.consumer().await;
    let routes = ["index.n.plain", "index.n.sub.two", "notify.x", "index.n.ranked"];
    let plain = env.task(json!({}), &routes).await;
    let ranked = env.task(json!({"index": {"rank": 42, "data": {"k": "v"}}}), &["index.n.ranked"]).await;
    let elsewhere = env.task(json!({}), &["other"]).await;
    env.publish(&[
        completed(plain, &routes),
        completed(ranked, &["index.n.ranked"]),
        completed(plain, &routes),
        completed(elsewhere, &["other"]),
    ])
    .await
    .unwrap();

    assert_eq!(env.found("n.plain").await, Some(plain));
    assert_eq!(env.found("n.sub.two").await, Some(plain));
    let entry = env.index.find(&"n.ranked".parse().unwrap()).await.unwrap();
    assert_eq!((entry.task_id, entry.rank, entry.data.as_str()), (ranked, 42.0, r#"{"k":"v"}"#));
    assert_eq!(entry.expires, env.clock.now() + TimeDelta::days(2));
    consumer.stop(SOON).await;
}

#[tokio::test]
async fn events_wait_for_a_consumer_that_is_away() {
    let env = TestEnv::start().await;
    env.consumer().await.stop(SOON).await;
    let task = env.task(json!({}), &["index.n.late"]).await;
    let one = [completed(task, &["index.n.late"])];
    let unconfirmed = env.bus.publish(&one, Duration::from_millis(30)).await;
    assert!(matches!(unconfirmed, Err(BusError::Timeout)));

    let consumer = env.consumer().await;
    env.publish(&one).await.unwrap();
    assert_eq!(env.found("n.late").await, Some(task));
    consumer.stop(SOON).await;
}

#[tokio::test]
async fn useless_messages_do_not_hold_up_others() {
    let env = TestEnv::start().await;
    let consumer = env.consumer().await;
    let routes = ["index.n.good", "index.n..bad", "index.n.b ad"];
    let (task, gone) = (env.task(json!({}), &routes).await, TaskId::from_random(env.rng.uuid_bytes()));
    env.publish(&[
        message("no json", &["index.n.x"]),
        message("{}", &["index.n.x"]),
        completed(gone, &["index.n.x"]),
        completed(task, &routes),
    ])
    .await
    .unwrap();
    assert_eq!((env.found("n.good").await, env.found("n.x").await), (Some(task), None));
    let letters = env.db.dead_letters(Some(QUEUE), None, 0, 9).await.unwrap();
    let letters: Vec<_> =
        letters.iter().map(|letter| (&letter.body[..], letter.reason.contains("cannot be read"))).collect();
    assert_eq!(
        letters,
        [(&b"no json"[..], true), (&b"{}"[..], true)],
        "what cannot be decoded is dead-lettered, not lost"
    );
    consumer.stop(SOON).await;
}

/// Whoever may publish on the broker can send a message about any task, under any routes.
#[tokio::test]
async fn the_index_believes_what_is_stored_and_not_the_message() {
    let env = TestEnv::start().await;
    let consumer = env.consumer().await;
    let (owner, other) = (env.task(json!({}), &["index.n.mine"]).await, env.task(json!({}), &[]).await);
    let pending = env.pending_task(json!({}), &["index.n.pending", "index.n.mine"]).await;
    env.publish(&[
        completed(owner, &["index.n.mine"]),
        completed(other, &["index.n.mine", "index.n.stolen"]),
        completed(pending, &["index.n.pending", "index.n.mine"]),
    ])
    .await
    .unwrap();
    assert_eq!(env.found("n.mine").await, Some(owner));
    assert_eq!((env.found("n.stolen").await, env.found("n.pending").await), (None, None));
    consumer.stop(SOON).await;
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
