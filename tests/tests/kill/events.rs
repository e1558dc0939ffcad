//! What the world was told, and whether that is what happened.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use base::Rng;
use bus::{AmqpBus, Bus, Consumer, Exchange, Received, Subscription};
use protocol::id::TaskId;
use serde_json::Value;
use tokio::{task::JoinSet, time::timeout};

/// The exchanges that tell of tasks.
const NAMES: [&str; 6] =
    ["task-defined", "task-pending", "task-running", "task-completed", "task-failed", "task-exception"];

/// Exchange, task and run; `task-defined` has run 0.
type Told = (String, String, u64);

/// Everything told about the tasks of one group. Messages may come twice.
pub(crate) struct Events {
    url: String,
    queue: String,
    told: Arc<Mutex<BTreeSet<Told>>>,
    _listening: JoinSet<()>,
}

impl Events {
    /// Listens before anything happens. `None`: there is no RabbitMQ to listen to.
    pub(crate) async fn collect(group: TaskId, rng: &Rng) -> Option<Self> {
        let url = base::environment::variable("DROVER_TEST_AMQP_URL")?;
        let bus = AmqpBus::new(&url, "tests/kill", rng).unwrap();
        let queue = format!("tests-kill-{group}");
        let mut subscription = Subscription::durable(&queue);
        for name in NAMES {
            let exchange = format!("exchange/taskcluster-queue/v1/{name}");
            bus.declare(Exchange::topic(&exchange)).await.unwrap();
            subscription = subscription.bind(&exchange, &format!("primary.*.*.*.*.*.*.*.{group}.#"));
        }
        let consumer = bus.subscribe(subscription).await.unwrap();
        let told = Arc::default();
        let mut listening = JoinSet::new();
        listening.spawn(listen(consumer, bus, Arc::clone(&told)));
        Some(Self { url, queue, told, _listening: listening })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until everything the statuses imply has been told; then nothing else may have been.
    pub(crate) async fn compare(&self, statuses: &[Value]) {
        let expected: BTreeSet<Told> = statuses.iter().flat_map(expected_of).collect();
        let missing = || expected.difference(&self.told.lock().unwrap()).next().cloned();
        let complete = timeout(Duration::from_secs(30), async {
            while missing().is_some() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(complete.await.is_ok(), "a change was never told: {:?}", missing());

        // Tasks whose creation was not acknowledged may exist and be told of; the others must match.
        let ours: BTreeSet<&str> = statuses.iter().map(|status| status["taskId"].as_str().unwrap()).collect();
        let told = self.told.lock().unwrap();
        let invented: Vec<&Told> =
            told.difference(&expected).filter(|(_, task, _)| ours.contains(task.as_str())).collect();
        assert!(invented.is_empty(), "told, but never happened: {invented:?}");
        println!("{} different events compared", told.len());
    }

    /// Leaves no queue behind on a broker that lives on.
    pub(crate) async fn end(self, rng: &Rng) {
        let bus = AmqpBus::new(&self.url, "tests/kill", rng).unwrap();
        bus.delete(&[self.queue], &[], Duration::from_secs(30)).await.unwrap();
        bus.close().await;
    }
}

async fn listen(mut consumer: Consumer, bus: AmqpBus, told: Arc<Mutex<BTreeSet<Told>>>) {
    while let Some(received) = consumer.next().await {
        let Received::Delivery(delivery) = received else { continue };
        let body: Value = serde_json::from_slice(&delivery.message.body).unwrap();
        let name = delivery.message.exchange.rsplit('/').next().unwrap().to_owned();
        let task = body["status"]["taskId"].as_str().unwrap().to_owned();
        told.lock().unwrap().insert((name, task, body["runId"].as_u64().unwrap_or(0)));
        delivery.ack();
    }
    bus.close().await;
}

/// The events that must have led to a status.
fn expected_of(status: &Value) -> Vec<Told> {
    let task = status["taskId"].as_str().unwrap();
    let told = |name: &str, run: u64| (name.to_owned(), task.to_owned(), run);
    let mut events = vec![told("task-defined", 0)];
    for run in status["runs"].as_array().unwrap() {
        let id = run["runId"].as_u64().unwrap();
        events.push(told("task-pending", id));
        if run["started"].is_string() {
            events.push(told("task-running", id));
        }
        if let end @ ("completed" | "failed" | "exception") = run["state"].as_str().unwrap() {
            events.push(told(&format!("task-{end}"), id));
        }
    }
    events
}
