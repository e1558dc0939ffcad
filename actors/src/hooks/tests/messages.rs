//! Firing because of messages, on a bus in memory.

use std::{sync::Arc, time::Duration};

use bus::{Bus, ContentType, Exchange, MemoryBus, Message};
use serde_json::json;
use tokio::time::timeout;

use super::{super::*, *};
use crate::kit::{Supervisor, SupervisorHandle};

const SOON: Duration = Duration::from_secs(30);
const EXCHANGE: &str = "exchange/tests/v1/events";

struct Listening {
    env: TestEnv,
    bus: Arc<dyn Bus>,
    notify: Notifier,
    parts: SupervisorHandle,
}

impl Listening {
    async fn start(settings: HooksSettings) -> Self {
        let env = TestEnv::with(settings).await;
        let bus: Arc<dyn Bus> = Arc::new(MemoryBus::default());
        bus.declare(Exchange::topic(EXCHANGE)).await.unwrap();
        let (parts, notify) = listen(&env.hooks, &bus).await;
        Self { env, bus, notify, parts }
    }

    /// Returns once its queue is bound.
    async fn create(&self, body: HookBody) {
        self.env.create(body).await;
        self.bound().await;
    }

    async fn bound(&self) {
        self.notify.notify();
        self.until("the queue is bound", async || {
            let queue = self.env.db.hook_queue(name().parts()).await.unwrap();
            queue.is_some_and(|queue| queue.checked.is_some())
        })
        .await;
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let waiting = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
    }

    async fn send(&self, id: &str, body: &str) {
        self.bus.publish(&[message(id, "key", body)], SOON).await.unwrap();
    }

    async fn until_fires(&self, fires: usize) {
        self.until(&format!("{fires} fires"), async || self.env.fires().await.len() == fires).await;
    }

    async fn until_discarded(&self, words: &str) {
        self.until(words, async || self.discards().await.iter().any(|row| row.reason.contains(words))).await;
    }

    async fn discards(&self) -> Vec<db::hooks::DiscardRow> {
        self.env.db.hook_discards(name().parts()).await.unwrap()
    }
}

async fn listen(hooks: &Hooks, bus: &Arc<dyn Bus>) -> (SupervisorHandle, Notifier) {
    let context = ListenContext { bus: bus.clone(), namespace: "tests-hooks".to_owned() };
    hooks.declare_queues(&context).await.unwrap();
    let (child, notify) = hooks.listeners(&context);
    (Supervisor::start(vec![child], Rng::seeded(3)).await, notify)
}

fn message(id: &str, key: &str, body: &str) -> Message {
    Message {
        exchange: EXCHANGE.into(),
        routing_key: key.to_owned(),
        cc: Vec::new(),
        content_type: ContentType::Json,
        body: body.to_owned().into(),
        id: id.to_owned(),
        replayed: false,
    }
}

fn bound_body() -> HookBody {
    let binding = Binding { exchange: EXCHANGE.to_owned(), routing_key_pattern: "key".to_owned() };
    let mut body = HookBody { bindings: Some(vec![binding]), ..body(&[]) };
    body.task["payload"] = json!({ "by": "${firedBy}", "got": { "$eval": "payload" } });
    body
}

#[tokio::test]
async fn a_message_fires_once_however_often_it_comes() {
    let listening = Listening::start(HooksSettings::default()).await;
    listening.create(bound_body()).await;
    for id in ["1", "1", "2", "1"] {
        listening.send(id, r#"{"n": 1}"#).await;
    }
    listening.until_fires(2).await;
    // Those behind the repeats have been worked on by the time that this one has.
    listening.send("3", r#"{"n": 2}"#).await;
    listening.until_fires(3).await;
    let fires = listening.env.fires().await;
    assert!(
        fires
            .iter()
            .all(|fire| fire.fired_by == db::hooks::FiredBy::PulseMessage && fire.result == FireResult::Success)
    );
    assert_eq!(listening.env.tasks().await, 3);
    let payload = listening.env.definition(fires[0].task_id).await.payload;
    assert_eq!(serde_json::to_value(payload).unwrap(), json!({ "by": "pulseMessage", "got": { "n": 2 } }));
    listening.parts.stop(SOON).await;
}

#[tokio::test]
async fn equal_messages_without_an_id_fire_each() {
    let listening = Listening::start(HooksSettings::default()).await;
    listening.create(bound_body()).await;
    for _ in 0..3 {
        listening.send("", "{}").await;
    }
    listening.until_fires(3).await;
    listening.parts.stop(SOON).await;
}

#[tokio::test]
async fn messages_of_two_processes_fire_once() {
    let listening = Listening::start(HooksSettings::default()).await;
    listening.create(bound_body()).await;
    let (other, _) = listen(&listening.env.another_process(), &listening.bus).await;
    for number in 0..50 {
        listening.send(&number.to_string(), "{}").await;
        listening.send(&number.to_string(), "{}").await;
    }
    listening.until_fires(50).await;
    assert_eq!(listening.env.tasks().await, 50);
    other.stop(SOON).await;
    listening.parts.stop(SOON).await;
}

#[tokio::test]
async fn what_fires_nothing_is_counted_by_its_reason() {
    let listening = Listening::start(HooksSettings::default()).await;
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } } });
    listening.create(HookBody { trigger_schema: schema, ..bound_body() }).await;
    for (id, body) in [("1", r#"{"n": "a"}"#), ("2", r#"{"n": "b"}"#), ("3", "[]")] {
        listening.send(id, body).await;
    }
    listening.until_discarded("`/n` must be of type integer").await;
    listening.until_discarded("`` must be of type object").await;
    listening.until("both are counted", async || listening.discards().await.iter().any(|row| row.messages == 2)).await;
    listening.env.hooks.set_paused(&name(), true, "me").await.unwrap();
    listening.send("4", "{}").await;
    listening.until_discarded("paused").await;
    assert_eq!((listening.env.fires().await.len(), listening.env.tasks().await), (0, 0));
    listening.parts.stop(SOON).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_an_error_of_the_hook_and_its_owner_gets_one_mail() {
    let listening = Listening::start(HooksSettings::default()).await;
    listening.create(bound_body()).await;
    for id in ["1", "2", "3"] {
        listening.send(id, "no JSON").await;
    }
    listening.until_fires(3).await;
    let fires = listening.env.fires().await;
    assert!(fires.iter().all(|fire| fire.result == FireResult::Error && fire.error.contains("no JSON")), "{fires:?}");
    let owner = "select from notify_outbox where address = 'o@example.com'";
    listening.until("the owner knows", async || listening.env.count(owner).await == 1).await;
    listening.parts.stop(SOON).await;
}

#[tokio::test]
async fn a_hook_that_fires_itself_is_stopped() {
    let listening = Listening::start(HooksSettings::default()).await;
    listening.create(bound_body()).await;
    listening.send("0", "{}").await;
    for fires in 1..=10 {
        listening.until_fires(fires).await;
        let task = listening.env.fires().await[0].task_id;
        listening.send(&fires.to_string(), &json!({ "status": { "taskId": task } }).to_string()).await;
    }
    listening.until_fires(11).await;
    let last = &listening.env.fires().await[0];
    assert!(last.result == FireResult::Error && last.error.contains("must not fire itself"), "{last:?}");
    assert_eq!(listening.env.tasks().await, 10);
    // Somewhat later the same is no chain any more.
    let task = listening.env.fires().await[1].task_id;
    listening.env.clock.advance(chrono::TimeDelta::seconds(601));
    listening.send("later", &json!({ "status": { "taskGroupId": task } }).to_string()).await;
    listening.until("it fires again", async || listening.env.tasks().await == 11).await;
    listening.parts.stop(SOON).await;
}

#[tokio::test]
async fn bindings_follow_the_hook_and_its_queue_goes_with_it() {
    let listening = Listening::start(HooksSettings::default()).await;
    listening.create(bound_body()).await;
    let to = |exchange: &str, pattern: &str| Binding {
        exchange: exchange.to_owned(),
        routing_key_pattern: pattern.to_owned(),
    };
    let bindings = vec![to("exchange/missing", "#"), to(EXCHANGE, "other")];
    listening.env.hooks.update(&name(), HookBody { bindings: Some(bindings), ..bound_body() }, "me").await.unwrap();
    listening.notify.notify();
    listening
        .until("the missing exchange is noted", async || {
            let queue = listening.env.db.hook_queue(name().parts()).await.unwrap().unwrap();
            queue.refused.contains("exchange/missing") && !queue.bound.contains("\"key\"")
        })
        .await;
    listening.send("1", "{}").await;
    listening.bus.publish(&[message("2", "other", "{}")], SOON).await.unwrap();
    listening.until_fires(1).await;
    listening.env.hooks.remove(&name(), "me").await.unwrap();
    listening.notify.notify();
    let queue = format!("queue/tests-hooks/{}", name());
    listening.until("the queue is gone", async || listening.bus.queue_length(&queue).await.is_err()).await;
    listening.until("and is known to be", async || listening.env.count("select from hook_queue").await == 0).await;
    listening.parts.stop(SOON).await;
}
