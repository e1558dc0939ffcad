//! The relay between a real outbox and a bus.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base::{Clock, Entropy, TestClock};
use bus::{Bus, BusError, Consumer, ContentType, Exchange, MemoryBus, Message, Received, Subscription};
use bytes::Bytes;
use chrono::TimeDelta;
use db::{Db, testing::TestDatabase};
use protocol::{
    event::{Event, EventKind, Fact},
    id::{TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::{Priority, Requires, TaskState},
    task::{Metadata, TaskDefinition},
};
use serde_json::{Value, json};

use super::{RelaySettings, start};
use crate::{
    kit::{Supervised, Supervisor},
    queue::{
        Nudge, Queue, QueueSettings, Report,
        types::{ClaimWork, NewGraph, NewTask},
    },
};

const SOON: Duration = Duration::from_secs(20);

/// A queue with a relay, and what it writes to.
struct House {
    _database: TestDatabase,
    db: Db,
    bus: Arc<dyn Bus>,
    clock: TestClock,
    entropy: Entropy,
    queue: Queue,
    queue_parts: Supervised,
    relay: Option<Supervised>,
    /// What the queue's commits give, once there is a relay.
    nudge: Arc<Mutex<Option<Nudge>>>,
}

impl House {
    async fn start(bus: Arc<dyn Bus>) -> Self {
        let mut house = Self::without_relay(bus).await;
        let (relay, nudge) = house.another_relay(house.bus.clone()).await;
        *house.nudge.lock().unwrap() = Some(nudge);
        house.relay = Some(relay);
        house
    }

    async fn without_relay(bus: Arc<dyn Bus>) -> Self {
        declare_all(&*bus).await;
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let clock = TestClock::at(base::SystemClock.now());
        let entropy = Entropy::seeded(1);
        let nudge: Arc<Mutex<Option<Nudge>>> = Arc::default();
        let given = nudge.clone();
        let (children, queue) = crate::queue::start(
            db.clone(),
            Arc::new(clock.clone()),
            entropy.branch("queue"),
            QueueSettings::default(),
            Arc::new(move || given.lock().unwrap().iter().for_each(|nudge| nudge())),
            Arc::new(|| ()),
        );
        let queue_parts = Supervisor::start(children, entropy.clone()).await;
        Self { _database: database, db, bus, clock, entropy, queue, queue_parts, relay: None, nudge }
    }

    /// A relay more, as another process would run it.
    async fn another_relay(&self, bus: Arc<dyn Bus>) -> (Supervised, Nudge) {
        let entropy = self.entropy.branch("another");
        let (relay, nudge) = start(self.db.clone(), bus, RelaySettings::default(), entropy.clone()).unwrap();
        (Supervisor::start(vec![relay], entropy).await, nudge)
    }

    fn task(&self, group: Option<TaskId>) -> NewTask {
        let task_id = TaskId::from_random(self.entropy.uuid_bytes());
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

    async fn created(&self) -> TaskId {
        self.queue.create_task(self.task(None)).await.unwrap().task_id
    }

    /// From creation to completion.
    async fn completed(&self) -> TaskId {
        let id = self.created().await;
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() };
        let ask = ClaimWork { task_queue_id: TaskQueueId("p/q".to_owned()), worker, count: 1 };
        assert_eq!(self.queue.claim_work(ask).await.unwrap().len(), 1);
        self.queue.report(id, 0, Report::Completed).await.unwrap();
        id
    }

    async fn emptied(&self) {
        let mut outbox = self.db.outbox(0);
        let waited = async {
            while !outbox.read(1).await.unwrap().ids.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, waited).await.expect("the outbox is emptied");
    }

    async fn stop(self) {
        self.queue_parts.stop(SOON).await;
        if let Some(relay) = self.relay {
            relay.stop(SOON).await;
        }
        self.bus.close().await;
    }
}

/// Subscribers need the exchanges before the relay gets to them.
async fn declare_all(bus: &dyn Bus) {
    super::Exchanges::new(&RelaySettings::default()).unwrap().declare(bus).await.unwrap();
}

fn own() -> Subscription {
    Subscription::durable("test/own").bind("drover/v1/task-event", "#")
}

fn world(kind: &str) -> String {
    format!("exchange/taskcluster-queue/v1/{kind}")
}

async fn next(consumer: &mut Consumer) -> Arc<Message> {
    match tokio::time::timeout(SOON, consumer.next()).await.expect("a message in time") {
        Some(Received::Delivery(delivery)) => {
            let message = delivery.message.clone();
            delivery.ack();
            message
        }
        other => panic!("a message was due, not {other:?}"),
    }
}

async fn next_event(consumer: &mut Consumer) -> Event {
    Event::from_proto(&next(consumer).await.body).unwrap()
}

#[tokio::test]
async fn a_life_is_told_in_order_to_the_world_and_to_ourselves() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let house = House::start(bus.clone()).await;
    let mut ours = bus.subscribe(own()).await.unwrap();
    let kinds = ["task-defined", "task-pending", "task-running", "task-completed"];
    let mut told = Subscription::durable("test/world");
    for kind in kinds {
        told = told.bind(&world(kind), "route.index.#");
    }
    let mut told = bus.subscribe(told).await.unwrap();

    let id = house.completed().await;

    for kind in kinds {
        let message = next(&mut told).await;
        assert_eq!(*message.exchange, *world(kind));
        assert_eq!(message.content_type, ContentType::Json);
        assert_eq!(message.cc, ["route.index.proj.latest"]);
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(body["status"]["taskId"], id.to_string());
        assert_eq!(body["task"]["tags"]["kind"], "test");
        let event = next_event(&mut ours).await;
        assert_eq!(event.kind().as_str(), kind);
    }
    house.stop().await;
}

#[tokio::test]
async fn a_new_task_is_told_of_as_it_was_before_it_was_scheduled() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let house = House::start(bus.clone()).await;
    let mut ours = bus.subscribe(own()).await.unwrap();
    house.created().await;

    for (kind, state, runs) in
        [(EventKind::TaskDefined, TaskState::Unscheduled, 0), (EventKind::TaskPending, TaskState::Pending, 1)]
    {
        let event = next_event(&mut ours).await;
        let Fact::Task(task) = &event.fact else { panic!("a task was made, no group") };
        assert_eq!((event.kind(), task.status.state, task.status.runs.len()), (kind, state, runs));
    }
    house.stop().await;
}

#[tokio::test]
async fn an_outbox_that_nobody_reads_is_emptied_all_the_same() {
    let house = House::start(Arc::new(MemoryBus::default())).await;
    for _ in 0..20 {
        house.created().await;
    }
    house.emptied().await;
    house.stop().await;
}

/// A bus with two faults: it is away for its first publishings, and refuses what goes to one exchange.
struct Shaky {
    bus: MemoryBus,
    away_for: AtomicU32,
    refuses: String,
}

impl Shaky {
    fn away_for(publishings: u32) -> Self {
        Self { bus: MemoryBus::default(), away_for: AtomicU32::new(publishings), refuses: String::new() }
    }

    fn refusing(exchange: &str) -> Self {
        Self { refuses: exchange.to_owned(), ..Self::away_for(0) }
    }
}

#[async_trait]
impl Bus for Shaky {
    async fn declare(&self, exchange: Exchange) -> Result<(), BusError> {
        self.bus.declare(exchange).await
    }

    async fn publish(&self, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
        let left = self.away_for.load(Ordering::SeqCst);
        if left > 0 {
            self.away_for.store(left - 1, Ordering::SeqCst);
            // Half of it went out before the connection broke.
            self.bus.publish(&messages[..messages.len() / 2], deadline).await?;
            return Err(BusError::Late);
        }
        if messages.iter().any(|message| *message.exchange == *self.refuses) {
            return Err(BusError::Refused("not this one".to_owned()));
        }
        self.bus.publish(messages, deadline).await
    }

    async fn subscribe(&self, subscription: Subscription) -> Result<Consumer, BusError> {
        self.bus.subscribe(subscription).await
    }

    fn wake(&self, exchange: &str, body: Bytes) {
        self.bus.wake(exchange, body);
    }

    fn may_be_heard(&self, exchange: &str) -> bool {
        self.bus.may_be_heard(exchange)
    }

    async fn close(&self) {
        self.bus.close().await;
    }
}

#[tokio::test]
async fn what_the_bus_did_not_confirm_is_sent_again_and_nothing_is_skipped() {
    let bus: Arc<dyn Bus> = Arc::new(Shaky::away_for(2));
    let house = House::start(bus.clone()).await;
    let mut ours = bus.subscribe(own()).await.unwrap();

    let id = house.completed().await;
    house.emptied().await;

    let mut last = 0;
    let mut kinds = Vec::new();
    while kinds.last() != Some(&EventKind::TaskCompleted) {
        let event = next_event(&mut ours).await;
        let Fact::Task(task) = &event.fact else { panic!("no group was touched") };
        assert_eq!(task.status.task_id, id);
        if event.id > last {
            last = event.id;
            kinds.push(event.kind());
        }
    }
    assert_eq!(
        kinds,
        [EventKind::TaskDefined, EventKind::TaskPending, EventKind::TaskRunning, EventKind::TaskCompleted]
    );
    house.stop().await;
}

#[tokio::test]
async fn a_message_that_is_refused_does_not_hold_up_the_others() {
    let bus: Arc<dyn Bus> = Arc::new(Shaky::refusing(&world("task-defined")));
    let house = House::start(bus.clone()).await;
    let mut ours = bus.subscribe(own().bind(&world("task-defined"), "#")).await.unwrap();
    house.created().await;

    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskDefined);
    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskPending);
    house.emptied().await;
    house.stop().await;
}

#[tokio::test]
async fn when_the_relay_that_sends_ends_another_takes_over() {
    let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
    let mut house = House::start(bus.clone()).await;
    let mut ours = bus.subscribe(own()).await.unwrap();
    house.created().await;
    let first = next_event(&mut ours).await;
    assert_eq!(next_event(&mut ours).await.kind(), EventKind::TaskPending);
    let (other, _) = house.another_relay(bus.clone()).await;

    house.relay.take().unwrap().stop(SOON).await;
    house.created().await;

    assert!(next_event(&mut ours).await.id > first.id);
    other.stop(SOON).await;
    house.stop().await;
}

#[tokio::test]
#[ignore = "prints how fast the relay is; run it alone"]
async fn how_fast() {
    let bus: Arc<dyn Bus> = match base::environment::variable("DROVER_TEST_AMQP_URL") {
        Some(url) => Arc::new(bus::AmqpBus::new(&url, "how fast", &Entropy::system()).unwrap()),
        None => Arc::new(MemoryBus::default()),
    };
    let mut house = House::without_relay(bus.clone()).await;
    let mut ours = bus.subscribe(Subscription::ephemeral().bind("drover/v1/task-event", "#")).await.unwrap();
    let _world = bus.subscribe(Subscription::ephemeral().bind(&world("task-defined"), "#")).await.unwrap();

    backlog(&house).await;
    let began = Instant::now();
    let (relay, nudge) = house.another_relay(bus).await;
    for _ in 0..2 * BACKLOG {
        next_event(&mut ours).await;
    }
    println!("{} events in {:?}", 2 * BACKLOG, began.elapsed());

    *house.nudge.lock().unwrap() = Some(nudge);
    house.relay = Some(relay);
    let mut times = Vec::new();
    for _ in 0..100 {
        house.created().await;
        let answered = Instant::now();
        next_event(&mut ours).await;
        times.push(answered.elapsed());
        next_event(&mut ours).await;
    }
    times.sort();
    println!("from createTask answered to event delivered: p50 {:?}, p99 {:?}", times[50], times[98]);
    house.stop().await;
}

/// Tasks whose two events each wait for a relay.
const BACKLOG: usize = 10_000;

async fn backlog(house: &House) {
    for part in 0..10 {
        let first = house.task(None);
        let group = first.task_id;
        let rest = (1..BACKLOG / 10).map(|_| house.task(Some(group)));
        let tasks = std::iter::once(first.clone()).chain(rest).collect();
        house.queue.create_graph(NewGraph { submit_key: part.to_string(), tasks }).await.unwrap();
    }
}
