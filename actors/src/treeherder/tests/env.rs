//! A queue, a relay and a reporter, and whoever listens to jobs.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::{Clock, Rng, TestClock};
use bus::{Bus, Consumer, MemoryBus, Message, Received, Subscription};
use chrono::TimeDelta;
use db::{Db, queue::TaskNote, testing::TestDatabase};
use protocol::{
    exchanges::ExchangeNames,
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    schema,
    state::{Priority, Requires},
    task::{Metadata, TaskDefinition},
    treeherder::Dialect,
};
use serde_json::{Value, json};

use crate::{
    kit::{Notifications, Notifier, Supervisor, SupervisorHandle},
    queue::{
        Queue, QueueSettings, Report,
        types::{ClaimWorkRequest, NewTask, ReportRequest},
    },
    relay::{self, RelaySettings},
    treeherder::{Pushes, Reporter, TreeherderSettings},
};

pub(super) const SOON: Duration = Duration::from_secs(20);
pub(super) const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

pub(super) struct TestEnv {
    _database: TestDatabase,
    pub(super) db: Db,
    pub(super) bus: Arc<dyn Bus>,
    pub(super) clock: TestClock,
    rng: Rng,
    pub(super) queue: Queue,
    pub(super) reporter: Reporter,
    queue_parts: SupervisorHandle,
    consumer: Option<SupervisorHandle>,
    relay: SupervisorHandle,
}

impl TestEnv {
    pub(super) async fn start() -> Self {
        Self::with(TreeherderSettings::default()).await
    }

    pub(super) async fn with(settings: TreeherderSettings) -> Self {
        let database = TestDatabase::create().await;
        let (db, bus) = (database.db().await, Arc::new(MemoryBus::default()));
        let (clock, rng) = (TestClock::at(base::SystemClock.now()), Rng::seeded(1));
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
        let reporter = Reporter {
            db: db.clone(),
            bus: bus.clone(),
            clock: Arc::new(clock.clone()),
            rng: rng.branch("reporter"),
            settings,
            names: ExchangeNames::default(),
            root_url: "https://drover.example".to_owned(),
            events: RelaySettings::default().internal_exchange,
        };
        let consumer = Supervisor::start(vec![reporter.clone().consumer()], rng.branch("consumer")).await;
        let (relay, notify) = relay::start(
            db.clone(),
            bus.clone(),
            Arc::new(clock.clone()),
            &reporter.names,
            RelaySettings::default(),
            rng.branch("relay"),
        );
        let relay = Supervisor::start(vec![relay], rng.branch("relay")).await;
        *notifier.lock().unwrap() = Some(notify);
        let consumer = Some(consumer);
        Self { _database: database, db, bus, clock, rng, queue, reporter, queue_parts, consumer, relay }
    }

    /// Whoever listens to job messages; from now on.
    pub(super) async fn jobs(&self) -> Jobs {
        let exchanges = self.reporter.settings.exchanges(&self.reporter.names);
        let subscription = Subscription::durable(&format!("test/{}", self.rng.number()));
        let subscription = exchanges.iter().fold(subscription, |bound, (_, exchange)| bound.bind(exchange, "#"));
        Jobs { consumer: self.bus.subscribe(subscription).await.unwrap(), exchanges }
    }

    /// The reporter ends, and what it had in hand goes back.
    pub(super) async fn stop_reporter(&mut self) {
        self.consumer.take().unwrap().stop(SOON).await;
    }

    pub(super) async fn start_reporter(&mut self) {
        let child = self.reporter.clone().consumer();
        self.consumer = Some(Supervisor::start(vec![child], self.rng.branch("again")).await);
    }

    pub(super) fn pushes(&self) -> Pushes {
        Pushes {
            db: self.db.clone(),
            bus: self.bus.clone(),
            route_prefixes: self.reporter.settings.route_prefixes.clone(),
        }
    }

    pub(super) fn task(&self, treeherder: &Value) -> NewTask {
        let task_id = TaskId::from_random(self.rng.uuid_bytes());
        let now = self.clock.now();
        let definition = TaskDefinition {
            created: now,
            deadline: now + TimeDelta::hours(1),
            dependencies: vec![],
            expires: now + TimeDelta::hours(2),
            extra: json!({ "treeherder": treeherder }),
            metadata: Metadata {
                description: "A test.".to_owned(),
                name: "test".to_owned(),
                owner: "o@example.com".to_owned(),
                source: "https://example.com".to_owned(),
            },
            payload: json!({}),
            priority: Priority::Lowest,
            project_id: "none".to_owned(),
            provisioner_id: "p".to_owned(),
            requires: Requires::AllCompleted,
            retries: 1,
            routes: vec![format!("tc-treeherder.v2.autoland.{REVISION}.7")],
            scheduler_id: "-".to_owned(),
            scopes: vec![],
            tags: BTreeMap::new(),
            task_group_id: task_id.into(),
            task_queue_id: TaskQueueId("p/q".to_owned()),
            worker_type: "q".to_owned(),
        };
        NewTask { task_id, definition }
    }

    pub(super) async fn create(&self, task: NewTask) -> TaskId {
        self.queue.create_task(task).await.unwrap().task_id
    }

    pub(super) async fn created(&self) -> TaskId {
        self.create(self.task(&json!({ "symbol": "T" }))).await
    }

    pub(super) async fn claimed(&self) -> (TaskId, RunId) {
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        let ask = ClaimWorkRequest { task_queue_id: TaskQueueId("p/q".to_owned()), worker, count: 1 };
        let claimed = self.queue.claim_work(ask).await.unwrap();
        let status = &claimed.first().expect("a task to claim").status;
        (status.task_id, status.runs.last().unwrap().run_id)
    }

    pub(super) async fn report(&self, (task, run): (TaskId, RunId), report: Report) {
        self.queue.report(ReportRequest::new(task, run, report)).await.unwrap();
    }

    pub(super) async fn notes(&self, task: TaskId) -> Vec<TaskNote> {
        self.db.task_notes(task).await.unwrap()
    }

    pub(super) async fn stop(self) {
        self.queue_parts.stop(SOON).await;
        self.relay.stop(SOON).await;
        if let Some(consumer) = self.consumer {
            consumer.stop(SOON).await;
        }
        self.bus.close().await;
    }
}

/// The receiving end. Every message is checked against its schema.
pub(super) struct Jobs {
    consumer: Consumer,
    exchanges: Vec<(Dialect, String)>,
}

impl Jobs {
    pub(super) async fn next(&mut self) -> Value {
        self.message().await.1
    }

    pub(super) async fn message(&mut self) -> (Arc<Message>, Value) {
        let received = tokio::time::timeout(SOON, self.consumer.next()).await.expect("a job message in time");
        let Some(Received::Delivery(delivery)) = received else { panic!("a job message was due, not {received:?}") };
        let message = delivery.message.clone();
        delivery.ack();
        let job: Value = serde_json::from_slice(&message.body).unwrap();
        let sent_as = self.exchanges.iter().find(|(_, exchange)| **exchange == *message.exchange);
        let name = match sent_as.expect("an exchange of the reporter").0 {
            Dialect::Present => "job-message",
            Dialect::Of2019 => "job-message-2019",
        };
        assert_eq!(schema::check("treeherder", name, &job), Ok(()));
        (message, job)
    }

    /// State and result of so many messages, in the order in which they come.
    pub(super) async fn words(&mut self, count: usize) -> Vec<String> {
        let mut words = Vec::new();
        for _ in 0..count {
            let job = self.next().await;
            let retried = if job["isRetried"] == true { " retried" } else { "" };
            let (run, state, result) = (&job["retryId"], &job["state"], &job["result"]);
            words.push(format!("{run} {} {}{retried}", state.as_str().unwrap(), result.as_str().unwrap()));
        }
        words
    }
}
