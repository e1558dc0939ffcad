//! What the world and our own parts were told, and whether that is what happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use base::Rng;
use bus::{AmqpBus, Bus, Consumer, ContentType, Exchange, Message, Received, Subscription};
use protocol::{
    event::{Event, Fact},
    id::TaskId,
};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

/// The exchanges that tell of tasks, in the order in which a run comes by.
const KINDS: [&str; 6] =
    ["task-defined", "task-pending", "task-running", "task-completed", "task-failed", "task-exception"];
const OWN: &str = "drover/v1/task-event";
/// Messages that are told again.
const AGAIN: usize = 40;
const PATIENCE: Duration = Duration::from_mins(1);

/// Kind and run.
type Step = (String, u64);

/// For each task what was told first, second and so on; what is told again counts once.
#[derive(Debug, Default)]
struct Heard {
    json: BTreeMap<String, Vec<Step>>,
    protobuf: BTreeMap<String, Vec<Step>>,
    last: Vec<Message>,
    /// Everything in protobuf, as it came.
    order: Vec<(String, String)>,
}

pub(crate) struct Told {
    bus: Arc<AmqpBus>,
    heard: Arc<Mutex<Heard>>,
    _listening: JoinSet<()>,
}

impl Told {
    /// Listens before anything happens.
    pub(crate) async fn collect(url: &str, group: TaskId, rng: &Rng) -> Self {
        let bus = Arc::new(AmqpBus::new(url, "tests/chaos", rng).unwrap());
        let (heard, mut listening) = (Arc::default(), JoinSet::new());
        let mut world = Subscription::durable("tests-chaos-world");
        for kind in KINDS {
            let exchange = format!("exchange/taskcluster-queue/v1/{kind}");
            bus.declare(Exchange::topic(&exchange)).await.unwrap();
            world = world.bind(&exchange, &format!("primary.*.*.*.*.*.*.*.{group}.#"));
        }
        bus.declare(Exchange::topic(OWN)).await.unwrap();
        let own = Subscription::durable("tests-chaos-own").bind(OWN, &format!("*.{group}.#"));
        for subscription in [world, own] {
            let consumer = bus.subscribe(subscription).await.unwrap();
            listening.spawn(listen(consumer, Arc::clone(&heard)));
        }
        Self { bus, heard, _listening: listening }
    }

    pub(crate) async fn tell_again_backwards(&self) {
        let mut messages = self.heard.lock().unwrap().last.clone();
        messages.reverse();
        let published = self.bus.publish(&messages, PATIENCE).await;
        assert!(published.is_ok(), "what was told cannot be told again: {published:?}");
    }

    /// Returns once something was told of a task, in both forms.
    pub(crate) async fn hears_of(&self, task: TaskId) {
        let task = task.to_string();
        let heard = || {
            let heard = self.heard.lock().unwrap();
            heard.json.contains_key(&task) && heard.protobuf.contains_key(&task)
        };
        while !heard() {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until everything the statuses imply has been told in both forms, in order; then nothing else may have been.
    pub(crate) async fn compare(&self, statuses: &[Value]) {
        let expected: BTreeMap<String, Vec<Step>> = statuses.iter().map(expected_of).collect();
        let missing = || {
            let heard = self.heard.lock().unwrap();
            let lacks = |told: &BTreeMap<String, Vec<Step>>| {
                expected
                    .iter()
                    .find(|(task, steps)| told.get(*task).is_none_or(|told| told.len() < steps.len()))
                    .map(|(task, steps)| format!("{task}: {steps:?}, told {:?}", told.get(task)))
            };
            lacks(&heard.json).or_else(|| lacks(&heard.protobuf))
        };
        let complete = timeout(PATIENCE, async {
            while missing().is_some() {
                sleep(Duration::from_millis(50)).await;
            }
        });
        assert!(complete.await.is_ok(), "a change was never told: {:?}", missing());
        let heard = self.heard.lock().unwrap();
        for (task, steps) in &expected {
            for (form, told) in [("JSON", &heard.json[task]), ("protobuf", &heard.protobuf[task])] {
                assert_eq!(told, steps, "task {task} was told otherwise than it happened, as {form}");
            }
        }
        println!("{} tasks were told of as they went, in both forms", expected.len());
    }

    /// No task ran before the last run of those it depends on was told to have ended: a run that is known to have begun
    /// was begun after that end was committed. (Times on record are those of several processes, one of which may have
    /// stood still between looking at the clock and writing.)
    pub(crate) fn check_dependencies(&self, dependencies: &BTreeMap<String, Vec<String>>) {
        let heard = self.heard.lock().unwrap();
        let (mut ran, mut ended) = (BTreeMap::new(), BTreeMap::new());
        for (at, (task, kind)) in heard.order.iter().enumerate() {
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

async fn listen(mut consumer: Consumer, heard: Arc<Mutex<Heard>>) {
    while let Some(received) = consumer.next().await {
        let Received::Delivery(delivery) = received else { continue };
        if let Some((task, step)) = step_of(&delivery.message) {
            let mut heard = heard.lock().unwrap();
            if delivery.message.content_type == ContentType::Protobuf {
                heard.order.push((task.clone(), step.0.clone()));
            }
            let form = match delivery.message.content_type {
                ContentType::Json => &mut heard.json,
                ContentType::Protobuf => &mut heard.protobuf,
            };
            let steps = form.entry(task).or_default();
            if !steps.contains(&step) {
                steps.push(step);
                if heard.last.len() == AGAIN {
                    heard.last.remove(0);
                }
                heard.last.push((*delivery.message).clone());
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
    let Fact::Task(task) = event.fact else { return None };
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
