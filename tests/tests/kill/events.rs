//! Records the events on external exchanges, and compares them with the final statuses.

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

/// Exchanges of task events.
const NAMES: [&str; 6] =
    ["task-defined", "task-pending", "task-running", "task-completed", "task-failed", "task-exception"];

/// Exchange, task and run; `task-defined` has run 0.
type TaskEvent = (String, String, u64);

/// The events of the tasks of one group. Messages may arrive twice.
pub(crate) struct Events {
    url: String,
    queue: String,
    received: Arc<Mutex<BTreeSet<TaskEvent>>>,
    _listening: JoinSet<()>,
}

impl Events {
    /// Subscribes before the first event. `None`: there is no RabbitMQ.
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
        let received = Arc::default();
        let mut listening = JoinSet::new();
        listening.spawn(listen(consumer, bus, Arc::clone(&received)));
        Some(Self { url, queue, received, _listening: listening })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until every event that the statuses imply has arrived; then there must be no other.
    pub(crate) async fn compare(&self, statuses: &[Value]) {
        let expected: BTreeSet<TaskEvent> = statuses.iter().flat_map(expected_of).collect();
        let missing = || expected.difference(&self.received.lock().unwrap()).next().cloned();
        let complete = timeout(Duration::from_secs(30), async {
            while missing().is_some() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(complete.await.is_ok(), "an event is missing: {:?}", missing());

        // Tasks whose creation was not acknowledged may exist and have events; the others must match.
        let ours: BTreeSet<&str> = statuses.iter().map(|status| status["taskId"].as_str().unwrap()).collect();
        let received = self.received.lock().unwrap();
        let invented: Vec<&TaskEvent> =
            received.difference(&expected).filter(|(_, task, _)| ours.contains(task.as_str())).collect();
        assert!(invented.is_empty(), "events without a change: {invented:?}");
        println!("{} different events compared", received.len());
    }

    /// Deletes the queue, as the broker is shared.
    pub(crate) async fn end(self, rng: &Rng) {
        let bus = AmqpBus::new(&self.url, "tests/kill", rng).unwrap();
        bus.delete(&[self.queue], &[], Duration::from_secs(30)).await.unwrap();
        bus.close().await;
    }
}

async fn listen(mut consumer: Consumer, bus: AmqpBus, recorded: Arc<Mutex<BTreeSet<TaskEvent>>>) {
    while let Some(received) = consumer.next().await {
        let Received::Delivery(delivery) = received else { continue };
        let body: Value = serde_json::from_slice(&delivery.message.body).unwrap();
        let name = delivery.message.exchange.rsplit('/').next().unwrap().to_owned();
        let task = body["status"]["taskId"].as_str().unwrap().to_owned();
        recorded.lock().unwrap().insert((name, task, body["runId"].as_u64().unwrap_or(0)));
        delivery.ack();
    }
    bus.close().await;
}

/// The events that must have led to a status.
fn expected_of(status: &Value) -> Vec<TaskEvent> {
    let task = status["taskId"].as_str().unwrap();
    let event = |name: &str, run: u64| (name.to_owned(), task.to_owned(), run);
    let mut events = vec![event("task-defined", 0)];
    for run in status["runs"].as_array().unwrap() {
        let id = run["runId"].as_u64().unwrap();
        events.push(event("task-pending", id));
        if run["started"].is_string() {
            events.push(event("task-running", id));
        }
        if let end @ ("completed" | "failed" | "exception") = run["state"].as_str().unwrap() {
            events.push(event(&format!("task-{end}"), id));
        }
    }
    events
}
