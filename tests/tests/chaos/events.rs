//! Records the events on external and internal exchanges, and compares them with the final statuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use base::Rng;
use bus::{AmqpBus, Bus, Consumer, ContentType, Exchange, Message, Received, Subscription};
use protocol::{
    event::{Event, EventPayload},
    id::TaskId,
};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

/// Exchanges of task events, in the order of a run.
const KINDS: [&str; 6] =
    ["task-defined", "task-pending", "task-running", "task-completed", "task-failed", "task-exception"];
const INTERNAL: &str = "drover/v1/task-event";
/// How many of the last messages are sent again.
const REPEATED: usize = 40;
const TIMEOUT: Duration = Duration::from_mins(1);

/// Kind and run.
type Step = (String, u64);

/// The events of each task in order of arrival; repeated ones count once.
#[derive(Debug, Default)]
struct Recorded {
    json: BTreeMap<String, Vec<Step>>,
    protobuf: BTreeMap<String, Vec<Step>>,
    last: Vec<Message>,
    /// All protobuf events in order of arrival.
    order: Vec<(String, String)>,
}

pub(crate) struct EventRecorder {
    bus: Arc<AmqpBus>,
    recorded: Arc<Mutex<Recorded>>,
    _listening: JoinSet<()>,
}

impl EventRecorder {
    /// Subscribes before the first event.
    pub(crate) async fn start(url: &str, group: TaskId, rng: &Rng) -> Self {
        let bus = Arc::new(AmqpBus::new(url, "tests/chaos", rng).unwrap());
        let (recorded, mut listening) = (Arc::default(), JoinSet::new());
        let mut external = Subscription::durable("tests-chaos-external");
        for kind in KINDS {
            let exchange = format!("exchange/taskcluster-queue/v1/{kind}");
            bus.declare(Exchange::topic(&exchange)).await.unwrap();
            external = external.bind(&exchange, &format!("primary.*.*.*.*.*.*.*.{group}.#"));
        }
        bus.declare(Exchange::topic(INTERNAL)).await.unwrap();
        let internal = Subscription::durable("tests-chaos-internal").bind(INTERNAL, &format!("*.{group}.#"));
        for subscription in [external, internal] {
            let consumer = bus.subscribe(subscription).await.unwrap();
            listening.spawn(listen(consumer, Arc::clone(&recorded)));
        }
        Self { bus, recorded, _listening: listening }
    }

    pub(crate) async fn publish_again_reversed(&self) {
        let mut messages = self.recorded.lock().unwrap().last.clone();
        messages.reverse();
        let published = self.bus.publish(&messages, TIMEOUT).await;
        assert!(published.is_ok(), "the messages cannot be published again: {published:?}");
    }

    /// Returns once an event of the task has arrived in both forms.
    pub(crate) async fn wait_for(&self, task: TaskId) {
        let task = task.to_string();
        let recorded = || {
            let recorded = self.recorded.lock().unwrap();
            recorded.json.contains_key(&task) && recorded.protobuf.contains_key(&task)
        };
        while !recorded() {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until every event that the statuses imply has arrived in both forms; then they must be those events, in order.
    pub(crate) async fn compare(&self, statuses: &[Value]) {
        let expected: BTreeMap<String, Vec<Step>> = statuses.iter().map(expected_of).collect();
        let missing = || {
            let recorded = self.recorded.lock().unwrap();
            let lacks = |recorded: &BTreeMap<String, Vec<Step>>| {
                expected
                    .iter()
                    .find(|(task, steps)| recorded.get(*task).is_none_or(|recorded| recorded.len() < steps.len()))
                    .map(|(task, steps)| format!("{task}: {steps:?}, recorded {:?}", recorded.get(task)))
            };
            lacks(&recorded.json).or_else(|| lacks(&recorded.protobuf))
        };
        let complete = timeout(TIMEOUT, async {
            while missing().is_some() {
                sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(complete.await.is_ok(), "an event is missing: {:?}", missing());
        let recorded = self.recorded.lock().unwrap();
        for (task, steps) in &expected {
            for (form, recorded) in [("JSON", &recorded.json[task]), ("protobuf", &recorded.protobuf[task])] {
                assert_eq!(recorded, steps, "the {form} events of task {task} do not match its status");
            }
        }
        println!("the events of {} tasks match their statuses, in both forms", expected.len());
    }

    /// Every task ran after its dependencies were resolved, by the order of events. (Timestamps come from several processes,
    /// one of which may have been frozen between reading the clock and writing.)
    pub(crate) fn check_dependencies(&self, dependencies: &BTreeMap<String, Vec<String>>) {
        let recorded = self.recorded.lock().unwrap();
        let (mut ran, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for (at, (task, kind)) in recorded.order.iter().enumerate() {
            match kind.as_str() {
                "task-running" => {
                    ran.entry(task.as_str()).or_insert(at);
                }
                "task-completed" | "task-failed" => {
                    ended.entry(task.as_str()).or_insert(at);
                }
                _ => {}
            }
        }
        for (task, required) in dependencies.iter().flat_map(|(task, all)| all.iter().map(move |it| (task, it))) {
            let (Some(ran), Some(ended)) = (ran.get(task.as_str()), ended.get(required.as_str())) else { continue };
            assert!(ended < ran, "task {task} ran before {required}, on which it depends, had ended");
        }
    }
}

async fn listen(mut consumer: Consumer, recorded: Arc<Mutex<Recorded>>) {
    while let Some(received) = consumer.next().await {
        let Received::Delivery(delivery) = received else { continue };
        if let Some((task, step)) = step_of(&delivery.message) {
            let mut recorded = recorded.lock().unwrap();
            if delivery.message.content_type == ContentType::Protobuf {
                recorded.order.push((task.clone(), step.0.clone()));
            }
            let form = match delivery.message.content_type {
                ContentType::Json => &mut recorded.json,
                ContentType::Protobuf => &mut recorded.protobuf,
            };
            let steps = form.entry(task).or_default();
            if !steps.contains(&step) {
                steps.push(step);
                if recorded.last.len() == REPEATED {
                    recorded.last.remove(0);
                }
                recorded.last.push((*delivery.message).clone());
            }
        }
        delivery.ack();
    }
}

fn step_of(message: &Message) -> Option<(String, Step)> {
    if message.content_type == ContentType::Json {
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        let kind = message.exchange.rsplit('/').next().unwrap().to_owned();
        let task = body["status"]["taskId"].as_str().unwrap().to_owned();
        return Some((task, (kind, body["runId"].as_u64().unwrap_or(0))));
    }
    let event = Event::from_proto(&message.body).unwrap();
    let kind = event.kind().as_str().to_owned();
    let EventPayload::Task(task) = event.payload else { return None };
    let run = task.change.run_id().map_or(0, |run| u64::try_from(run).unwrap());
    KINDS.contains(&kind.as_str()).then(|| (task.status.task_id.to_string(), (kind, run)))
}

/// The events that must have led to a status, in order.
fn expected_of(status: &Value) -> (String, Vec<Step>) {
    let mut steps = vec![("task-defined".to_owned(), 0)];
    for run in status["runs"].as_array().unwrap() {
        let id = run["runId"].as_u64().unwrap();
        steps.push(("task-pending".to_owned(), id));
        if run["started"].is_string() {
            steps.push(("task-running".to_owned(), id));
        }
        if let end @ ("completed" | "failed" | "exception") = run["state"].as_str().unwrap() {
            steps.push((format!("task-{end}"), id));
        }
    }
    let once: BTreeSet<&Step> = steps.iter().collect();
    assert_eq!(once.len(), steps.len(), "a run was resolved twice: {status}");
    (status["taskId"].as_str().unwrap().to_owned(), steps)
}
