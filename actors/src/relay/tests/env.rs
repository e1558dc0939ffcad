//! A queue with a relay, on a database of its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::{Clock, Rng, TestClock};
use bus::{Bus, Consumer, Message, Received, Subscription};
use chrono::TimeDelta;
use db::{
    Db,
    artifact::{ArtifactCreated, ArtifactKey, NewArtifact},
    testing::TestDatabase,
};
use protocol::{
    event::Event,
    exchanges::ExchangeNames,
    id::{TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::{Priority, Requires, StorageType},
    task::{Metadata, TaskDefinition},
};
use serde_json::json;

use crate::{
    kit::{Notifications, Notifier, Supervisor, SupervisorHandle},
    queue::{
        Queue, QueueSettings, Report,
        types::{ClaimTaskRequest, ClaimWorkRequest, NewTask, ReportRequest},
    },
    relay::{Exchanges, RelaySettings, start},
};

pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A queue with a relay, and what it writes to.
pub(crate) struct TestEnv {
    _database: TestDatabase,
    pub(crate) db: Db,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) clock: TestClock,
    pub(crate) rng: Rng,
    pub(crate) queue: Queue,
    queue_parts: SupervisorHandle,
    pub(crate) relay: Option<SupervisorHandle>,
    /// What the queue's commits give, once there is a relay.
    pub(crate) notifier: Arc<Mutex<Option<Notifier>>>,
}

impl TestEnv {
    pub(crate) async fn start(bus: Arc<dyn Bus>) -> Self {
        let mut env = Self::without_relay(bus).await;
        let (relay, notifier) = env.another_relay(env.bus.clone()).await;
        *env.notifier.lock().unwrap() = Some(notifier);
        env.relay = Some(relay);
        env
    }

    pub(crate) async fn without_relay(bus: Arc<dyn Bus>) -> Self {
        declare_all(&*bus).await;
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let clock = TestClock::at(base::SystemClock.now());
        let rng = Rng::seeded(1);
        let notifier: Arc<Mutex<Option<Notifier>>> = Arc::default();
        let given = notifier.clone();
        let (children, queue) = crate::queue::start(
            db.clone(),
            Arc::new(clock.clone()),
            &rng.branch("queue"),
            QueueSettings::default(),
            Notifications {
                relay: Notifier::new(move || given.lock().unwrap().iter().for_each(Notifier::notify)),
                ..Notifications::none()
            },
        );
        let queue_parts = Supervisor::start(children, rng.clone()).await;
        Self { _database: database, db, bus, clock, rng, queue, queue_parts, relay: None, notifier }
    }

    /// A relay more, as another process would run it.
    pub(crate) async fn another_relay(&self, bus: Arc<dyn Bus>) -> (SupervisorHandle, Notifier) {
        let rng = self.rng.branch("another");
        let (relay, notifier) =
            start(self.db.clone(), bus, Arc::new(self.clock.clone()), &names(), RelaySettings::default(), rng.clone());
        (Supervisor::start(vec![relay], rng).await, notifier)
    }

    pub(crate) fn task(&self, group: Option<TaskId>) -> NewTask {
        let task_id = TaskId::from_random(self.rng.uuid_bytes());
        let now = self.clock.now();
        let definition = TaskDefinition {
            created: now,
            deadline: now + TimeDelta::hours(1),
            dependencies: vec![],
            expires: now + TimeDelta::hours(2),
            extra: json!({}),
            metadata: Metadata {
                description: "x".repeat(1500),
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
            routes: vec!["index.proj.latest".to_owned()],
            scheduler_id: "-".to_owned(),
            scopes: vec![],
            tags: BTreeMap::from([("kind".to_owned(), "test".to_owned())]),
            task_group_id: TaskGroupId(group.unwrap_or(task_id).0),
            task_queue_id: TaskQueueId("p/q".to_owned()),
            worker_type: "q".to_owned(),
        };
        NewTask { task_id, definition }
    }

    pub(crate) async fn created(&self) -> TaskId {
        self.queue.create_task(self.task(None)).await.unwrap().task_id
    }

    /// From creation to completion.
    pub(crate) async fn completed(&self) -> TaskId {
        self.completed_as(self.task(None)).await
    }

    pub(crate) async fn completed_as(&self, task: NewTask) -> TaskId {
        let id = self.queue.create_task(task).await.unwrap().task_id;
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        let ask = ClaimWorkRequest { task_queue_id: TaskQueueId("p/q".to_owned()), worker, count: 1 };
        assert_eq!(self.queue.claim_work(ask).await.unwrap().len(), 1);
        self.queue.report(ReportRequest::new(id, 0, Report::Completed)).await.unwrap();
        id
    }

    /// A reference of this name, left behind by the running run of a task of its own.
    pub(crate) async fn artifact(&self, name: &str) {
        let task_id = self.created().await;
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        self.queue.claim_task(ClaimTaskRequest { task_id, run_id: 0, worker }).await.unwrap();
        let now = self.clock.now();
        let artifact = NewArtifact {
            key: ArtifactKey { task_id, run_id: 0, name: name.to_owned() },
            storage_type: StorageType::Reference,
            content_type: "text/plain".to_owned(),
            details: json!({ "url": "https://example.com" }),
            expires: now + TimeDelta::hours(1),
            content_length: None,
            trace: None,
        };
        let made = self.db.create_artifact(&artifact, now).await.unwrap();
        assert!(matches!(made, ArtifactCreated::Written { .. }), "{made:?}");
        self.notifier.lock().unwrap().iter().for_each(Notifier::notify);
    }

    pub(crate) async fn emptied(&self) {
        let mut outbox = self.db.outbox(0);
        let waited = async {
            while !outbox.read(&db::outbox::EventFilter::everything(), 1).await.unwrap().ids.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, waited).await.expect("the outbox is emptied");
    }

    pub(crate) async fn stop(self) {
        self.queue_parts.stop(SOON).await;
        if let Some(relay) = self.relay {
            relay.stop(SOON).await;
        }
        self.bus.close().await;
    }
}

/// Subscribers need the exchanges before the relay gets to them.
pub(crate) async fn declare_all(bus: &dyn Bus) {
    Exchanges::new(&names(), &RelaySettings::default()).declare(bus).await.unwrap();
}

fn names() -> ExchangeNames {
    ExchangeNames::default()
}

pub(crate) fn internal() -> Subscription {
    internal_by("#")
}

pub(crate) fn internal_by(pattern: &str) -> Subscription {
    Subscription::durable("test/own").bind("drover/v1/task-event", pattern)
}

pub(crate) fn external(kind: &str) -> String {
    format!("exchange/taskcluster-queue/v1/{kind}")
}

pub(crate) async fn next(consumer: &mut Consumer) -> Arc<Message> {
    match tokio::time::timeout(SOON, consumer.next()).await.expect("a message in time") {
        Some(Received::Delivery(delivery)) => {
            let message = delivery.message.clone();
            delivery.ack();
            message
        }
        other => panic!("a message was due, not {other:?}"),
    }
}

pub(crate) async fn next_event(consumer: &mut Consumer) -> Event {
    Event::from_proto(&next(consumer).await.body).unwrap()
}
