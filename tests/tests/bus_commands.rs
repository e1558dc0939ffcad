//! `drover bus` with a real database and a real broker.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{process::Output, sync::Arc, time::Duration};

use actors::{kit::Supervisor, relay};
use base::{Clock, Rng, SystemClock, environment};
use bus::{AmqpBus, Bus, Consumer, Delivery, Exchange, Received, Subscription};
use chrono::TimeDelta;
use db::{
    Db,
    auth::{By, NewClient},
    dead_letters::{DeadLetter, UnsentMessage},
    testing::TestDatabase,
};
use protocol::exchanges::ExchangeNames;
use serde_json::Value;
use tests::program;

const SOON: Duration = Duration::from_secs(20);

/// A database, a broker, and names on it that nobody else uses.
struct TestEnv {
    database: TestDatabase,
    db: Db,
    amqp_url: String,
    name: String,
    bus: Arc<AmqpBus>,
}

impl TestEnv {
    async fn start() -> Option<Self> {
        let Some(amqp_url) = environment::variable("DROVER_TEST_AMQP_URL") else {
            println!("SKIPPED: the commands of `drover bus`; they need DROVER_TEST_AMQP_URL");
            return None;
        };
        let database = TestDatabase::create().await;
        let db = database.db().await;
        let name = format!("drover-test/bus/{:x}", Rng::system().number());
        let bus = Arc::new(AmqpBus::new(&amqp_url, "bus commands", &Rng::system()).unwrap());
        Some(Self { database, db, amqp_url, name, bus })
    }

    fn namespace(&self) -> String {
        self.name.replace('/', "-")
    }

    fn names(&self) -> ExchangeNames {
        ExchangeNames::in_namespace(&self.namespace()).unwrap()
    }

    fn settings(&self) -> relay::RelaySettings {
        relay::RelaySettings { internal_exchange: format!("{}/internal", self.name), ..relay::RelaySettings::default() }
    }

    /// Leaves nothing behind on a broker that lives on.
    async fn end(&self, queues: &[String]) {
        let exchanges = relay::Exchanges::new(&self.names(), &self.settings());
        let all = exchanges.external().chain([exchanges.internal()]);
        let all: Vec<String> = all.map(str::to_owned).chain([format!("{}/exchange", self.name)]).collect();
        self.bus.delete(queues, &all, SOON).await.unwrap();
        self.bus.close().await;
    }

    fn command(&self, words: &[&str]) -> tokio::process::Command {
        let mut command = program();
        command.args(["bus", "-o", "json", "--database-url", self.database.url(), "--amqp-url", &self.amqp_url]);
        command.args(["--set", &format!("bus.pulse_namespace={}", self.namespace())]);
        command.args(["--set", &format!("relay.internal_exchange={}", self.settings().internal_exchange)]);
        command.args(words);
        command
    }

    async fn run(&self, words: &[&str]) -> Output {
        tokio::time::timeout(SOON, self.command(words).output()).await.unwrap().unwrap()
    }

    async fn answer(&self, words: &[&str]) -> Vec<Value> {
        let output = self.run(words).await;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Leaves one event in the outbox.
    async fn change(&self, client_id: &str) {
        let ring = base::KeyRing::new(&[base::SealingKey::make("k", &Rng::seeded(1))]).unwrap();
        let now = SystemClock.now();
        let client = NewClient {
            client_id: client_id.to_owned(),
            description: String::new(),
            sealed_access_token: ring.seal("t", "p", &Rng::seeded(2)),
            scopes: vec![],
            expires: now + TimeDelta::days(1),
            delete_on_expiration: false,
        };
        self.db.client_create(&client, &By { client_id: "me".to_owned(), trace: None }, now).await.unwrap();
    }
}

async fn next(consumer: &mut Consumer) -> Delivery {
    match tokio::time::timeout(SOON, consumer.next()).await.expect("a delivery in time") {
        Some(Received::Delivery(delivery)) => delivery,
        other => panic!("a delivery was due, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_counted_shown_and_sent_once_more_to_one_queue() {
    let Some(env) = TestEnv::start().await else { return };
    env.change("first").await;
    let lag = env.answer(&["lag"]).await.remove(0);
    assert_eq!((&lag["shards"][0]["waiting"], &lag["shards"][0]["relay"]), (&1.into(), &false.into()), "{lag}");

    let exchanges = relay::Exchanges::new(&env.names(), &env.settings());
    let created = exchanges.full_name("client-created").to_owned();
    env.bus.declare(Exchange::topic(&created)).await.unwrap();
    let queue = format!("{}/mine", env.name);
    let mut mine = env.bus.subscribe(Subscription::durable(&queue).bind(&created, "#")).await.unwrap();
    let (clock, rng) = (Arc::new(SystemClock), Rng::system());
    let (child, _) = relay::start(env.db.clone(), env.bus.clone(), clock, &env.names(), env.settings(), rng.clone());
    let relay = Supervisor::start(vec![child], rng).await;
    let first = next(&mut mine).await;
    let received = first.message.clone();
    first.ack();
    assert_eq!(received.body, r#"{"version":1,"clientId":"first"}"#);

    let tail = env.command(&["tail", "client-created", "--count", "1"]).output();
    let changes = async {
        for number in 0.. {
            env.change(&format!("client-{number}")).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let shown = tokio::select! { shown = tail => shown.unwrap(), () = changes => unreachable!() };
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown["exchange"], *created);
    assert!(shown["body"]["clientId"].as_str().unwrap().starts_with("client-"));

    let mut last = 0;
    loop {
        let delivery = next(&mut mine).await;
        last = last.max(delivery.message.id.parse().unwrap());
        let is_shown = delivery.message.id == shown["id"];
        delivery.ack();
        if is_shown {
            break;
        }
    }
    let again = ["replay", "--since", &received.id, "--to", &queue, "--exchange", "client-created"];
    let sent = env.answer(&again).await.remove(0);
    assert!(sent["messages"].as_i64().unwrap() >= 2, "{sent}");
    let repeated = loop {
        let delivery = next(&mut mine).await;
        let message = delivery.message.clone();
        delivery.ack();
        if message.replayed {
            break message;
        }
    };
    assert_eq!(*repeated, bus::Message { replayed: true, ..(*received).clone() });
    let nowhere = env.run(&["replay", "--since", "1", "--to", "queue/nobody/nothing"]).await;
    assert_eq!(nowhere.status.code(), Some(4), "{}", String::from_utf8_lossy(&nowhere.stderr));
    relay.stop(SOON).await;
    env.end(&[queue]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_sent_again_and_dropped() {
    let Some(env) = TestEnv::start().await else { return };
    let queue = format!("{}/dead-letters", env.name);
    let mut mine = env.bus.subscribe(Subscription::durable(&queue)).await.unwrap();
    let letter = DeadLetter {
        dead_letter_id: 0,
        queue: queue.clone(),
        message_id: "7".to_owned(),
        exchange: "some/exchange".to_owned(),
        routing_key: "primary.a".to_owned(),
        cc: vec!["route.b".to_owned()],
        content_type: "application/json".to_owned(),
        body: b"{\"a\":1}".to_vec(),
        reason: "it cannot be read".to_owned(),
        tries: 5,
        dead_lettered: SystemClock.now(),
    };
    let number = env.db.add_dead_letter(&letter).await.unwrap();
    assert_eq!(env.db.add_dead_letter(&letter).await.unwrap(), number, "the same message again");

    let listed = env.answer(&["dead-letters", "list", "--queue", &queue]).await;
    assert_eq!((&listed[0]["number"], &listed[0]["reason"]), (&number.into(), &"it cannot be read".into()));
    env.answer(&["dead-letters", "retry", &number.to_string()]).await;
    let delivery = next(&mut mine).await;
    assert_eq!((&*delivery.message.exchange, &*delivery.message.cc), ("some/exchange", &["route.b".to_owned()][..]));
    assert!(delivery.message.replayed);
    delivery.ack();

    let number = env.db.add_dead_letter(&letter).await.unwrap().to_string();
    assert_eq!(env.run(&["dead-letters", "drop", &number]).await.status.code(), Some(2), "it must be confirmed");
    assert_eq!(env.answer(&["dead-letters", "drop", &number, "--yes"]).await[0]["dropped"], 1);
    assert_eq!(env.run(&["dead-letters", "drop", &number, "--yes"]).await.status.code(), Some(4));
    env.end(&[queue]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_relay_could_not_send_goes_to_its_exchange_when_it_is_tried_again() {
    let Some(env) = TestEnv::start().await else { return };
    let exchange = format!("{}/exchange", env.name);
    env.bus.declare(Exchange::topic(&exchange)).await.unwrap();
    let mut received = env.bus.subscribe(Subscription::ephemeral().bind(&exchange, "#")).await.unwrap();
    let unsent = UnsentMessage {
        message_id: "8".to_owned(),
        task_id: None,
        exchange: exchange.clone(),
        routing_key: "primary.a".to_owned(),
        cc: vec!["route.b".to_owned(), "route.c".to_owned()],
        content_type: "application/json",
        body: b"{}".to_vec(),
        reason: "it was refused".to_owned(),
    };
    env.db.add_unsendable_messages(&[unsent], SystemClock.now()).await.unwrap();

    let listed = env.answer(&["dead-letters", "list"]).await;
    assert_eq!((&listed[0]["queue"], &listed[0]["exchange"]), (&"".into(), &exchange.as_str().into()));
    env.answer(&["dead-letters", "retry", &listed[0]["number"].to_string()]).await;
    let delivery = next(&mut received).await;
    assert_eq!(
        (&*delivery.message.exchange, &delivery.message.cc[..]),
        (&*exchange, &["route.b".to_owned(), "route.c".to_owned()][..])
    );
    assert!(!delivery.message.replayed);
    delivery.ack();
    assert!(env.answer(&["dead-letters", "list"]).await.is_empty());
    env.end(&[]).await;
}
