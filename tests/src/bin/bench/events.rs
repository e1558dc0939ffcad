//! What subscribers of external exchanges receive, and how soon, over a real broker.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use base::{Clock, SystemClock};
use bus::{AmqpBus, Bus, Consumer, Delivery, Exchange, Received, Subscription};
use protocol::time::Timestamp;
use serde::Deserialize;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    env::TestEnv,
    error::{BenchError, During, Result},
    graphs::Graph,
    options::Plan,
    samples::Samples,
    work::{Lot, Session},
};

const EXCHANGES: [&str; 4] = [DEFINED, PENDING, RUNNING, COMPLETED];
const DEFINED: &str = "exchange/taskcluster-queue/v1/task-defined";
const PENDING: &str = "exchange/taskcluster-queue/v1/task-pending";
const RUNNING: &str = "exchange/taskcluster-queue/v1/task-running";
const COMPLETED: &str = "exchange/taskcluster-queue/v1/task-completed";

/// A message that did not come by then will not come.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Tasks of the one graph whose events are counted: each is defined, and pending.
const TASKS: u32 = 10_000;
/// Events a second while it is measured how soon they come.
const EVENTS: u32 = 700;
/// A task that is carried out is defined, pending, running and completed.
const EVENTS_OF_A_LIFE: u32 = 4;
const CLIENTS: u32 = 7;

/// A subscriber of all exchanges of ordinary task events.
pub(crate) struct Subscriber {
    bus: AmqpBus,
    consumer: Consumer,
}

impl Subscriber {
    pub(crate) async fn open(url: &str, env: &TestEnv) -> Result<Self> {
        let bus = AmqpBus::new(url, "bench", &env.rng.branch("events")).during("the AMQP URL")?;
        let mut wanted = Subscription::ephemeral();
        for exchange in EXCHANGES {
            bus.declare(Exchange::topic(exchange)).await.during(exchange)?;
            wanted = wanted.bind(exchange, "#");
        }
        let consumer = bus.subscribe(wanted).await.during("subscribing to events")?;
        Ok(Self { bus, consumer })
    }

    pub(crate) async fn close(self) {
        self.bus.close().await;
    }

    async fn next(&mut self) -> Result<Delivery> {
        let received = timeout(TIMEOUT, self.consumer.next()).await;
        match received.during("an event did not come")? {
            Some(Received::Delivery(delivery)) => Ok(delivery),
            _ => Err(BenchError::new("events were lost on the way to the benchmark")),
        }
    }
}

/// Events a second, of a graph that is committed at once, from its answer to the last message.
pub(crate) async fn rate(env: &TestEnv, subscriber: &mut Subscriber) -> Result<f64> {
    let lot = Lot::new("event-rate", &env.rng);
    let mut session = env.session().await?;
    let mut graph = Graph::new(&lot);
    (0..TASKS).for_each(|_| _ = graph.add(&[]));
    session.submit(graph.text()).await?;
    let (begun, events) = (Instant::now(), TASKS * 2);
    for _ in 0..events {
        subscriber.next().await?.ack();
    }
    Ok(f64::from(events) / begun.elapsed().as_secs_f64())
}

/// From the time that an event carries, which is taken before its commit, to its delivery; at a steady rate.
pub(crate) async fn latency(env: &TestEnv, subscriber: &mut Subscriber, plan: &Plan) -> Result<Samples> {
    let (lot, over) = (Arc::new(Lot::new("events", &env.rng)), Arc::new(AtomicBool::new(false)));
    let mut clients = JoinSet::new();
    for session in env.sessions(CLIENTS as usize).await? {
        clients.spawn(live_steadily(session, Arc::clone(&lot), Arc::clone(&over)));
    }
    let (begun, mut found) = (Instant::now(), Samples::default());
    while begun.elapsed() < plan.warm_up + plan.load {
        let delivery = subscriber.next().await?;
        if let Some(age) = age(&delivery)?.filter(|_| begun.elapsed() > plan.warm_up) {
            found.push(age);
        }
        delivery.ack();
    }
    over.store(true, Relaxed);
    while let Some(client) = clients.join_next().await {
        client.during("a client of the events")??;
    }
    Ok(found)
}

async fn live_steadily(mut session: Session, lot: Arc<Lot>, over: Arc<AtomicBool>) -> Result<()> {
    let mut ticks = interval(Duration::from_secs(1) * CLIENTS * EVENTS_OF_A_LIFE / EVENTS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !over.load(Relaxed) {
        ticks.tick().await;
        session.create_next(&lot, &[]).await?;
        let claimed = session.claim(&lot.queue, "steady").await?.during("there was no task to claim")?;
        session.complete(&claimed).await?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct TaskEvent {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    scheduled: Timestamp,
    started: Option<Timestamp>,
    resolved: Option<Timestamp>,
}

/// `None`: a task that is only defined carries no time of that.
fn age(delivery: &Delivery) -> Result<Option<Duration>> {
    let message = &delivery.message;
    let event: TaskEvent = serde_json::from_slice(&message.body).during("an event")?;
    let run = event.status.runs.last();
    let time = match &*message.exchange {
        PENDING => run.map(|run| run.scheduled),
        RUNNING => run.and_then(|run| run.started),
        COMPLETED => run.and_then(|run| run.resolved),
        _ => None,
    };
    Ok(time.map(|time| (SystemClock.now() - time).to_std().unwrap_or_default()))
}
