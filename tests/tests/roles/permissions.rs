//! The RabbitMQ permissions of `bus/README.md`, tried: with them each kind of user can do what it must, and nothing that would
//! harm others.

use std::{fs, path::Path, time::Duration};

use base::Rng;
use bus::{AmqpBus, Bus, BusError, Consumer, ContentType, Message, Received, Subscription};
use protocol::id::TaskId;
use serde_json::json;
use tests::{
    RoleEnv, Seed, TestDirectory, definition,
    servers::{Postgres, Rabbitmq},
};
use tokio::time::{sleep, timeout};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bus/README.md");
const ROLES: [&str; 3] = ["api", "queue", "relay,scheduler,reflector,index,treeherder"];
const SOON: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
const BRIEFLY: Duration = Duration::from_secs(3);
const PENDING: &str = "exchange/taskcluster-queue/v1/task-pending";
const JOBS: &str = "exchange/taskcluster-treeherder/v1/jobs";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_user_can_do_what_it_must_and_no_more() {
    let rng = Seed::choose("permissions").rng();
    let folder = TestDirectory::new();
    let (Some(postgres), Some(rabbitmq)) = (Postgres::start(folder.path(), None), Rabbitmq::start(folder.path(), None))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    tokio::task::block_in_place(|| add_users(&rabbitmq));
    let (external, internal) = (rabbitmq.url_of("drover", "external"), rabbitmq.url_of("drover", "internal"));
    let settings = [
        ("DROVER__DATABASE__URL", postgres.url()),
        ("DROVER__BUS__AMQP_URL", external),
        ("DROVER__BUS__INTERNAL_AMQP_URL", internal),
        ("DROVER__QUEUE__LONG_POLL", "1".to_owned()),
    ];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let env = RoleEnv::start(folder.path(), &ROLES, &settings).await;
    let user = |name: &str, vhost: &str| AmqpBus::new(&rabbitmq.url_of(name, vhost), name, &rng).unwrap();

    let reader = user("reader", "external");
    drover_tells_and_subscribers_hear(&env, &reader, &user("treeherder", "external"), &rng).await;
    a_subscriber_harms_nobody(&reader, &user("reader", "internal")).await;
    the_tools_reach_both_vhosts(&env, folder.path(), &settings).await;
    env.stop().await;
}

/// As the page says, line by line.
fn add_users(rabbitmq: &Rabbitmq) {
    for vhost in ["external", "internal"] {
        rabbitmq.control(&["add_vhost", vhost]);
    }
    for (user, row) in [
        ("drover", "Drover itself"),
        ("reader", "a Pulse subscriber `NAME`"),
        ("treeherder", "Treeherder, as the subscriber"),
    ] {
        rabbitmq.control(&["add_user", user, "secret"]);
        for (vhost, [configure, write, read]) in permissions(row) {
            let [configure, write, read] = [configure, write, read].map(|pattern| pattern.replace("NAME", user));
            rabbitmq.control(&["set_permissions", "-p", &vhost, user, &configure, &write, &read]);
        }
    }
}

/// Vhost and patterns, of each row of the table that is about this kind of user.
fn permissions(kind: &str) -> Vec<(String, [String; 3])> {
    let page = fs::read_to_string(PAGE).unwrap();
    let rows: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with(&format!("| {kind}")))
        .map(|line| {
            let cells = line.replace("\\|", "\u{1}");
            let cells: Vec<String> =
                cells.split('|').map(|cell| cell.trim().trim_matches('`').replace('\u{1}', "|")).collect();
            (cells[2].clone(), [cells[3].clone(), cells[4].clone(), cells[5].clone()])
        })
        .collect();
    assert!(!rows.is_empty(), "the page has no row for {kind}");
    rows
}

/// The relay declares the exchanges once it has begun, which may be after the first answer of its process.
async fn subscribe_once_declared(reader: &AmqpBus, subscription: &Subscription) -> Consumer {
    let declared = async {
        loop {
            match reader.subscribe(subscription.clone()).await {
                Err(BusError::Refused(why)) if why.contains("no exchange") => sleep(POLL).await,
                subscribed => return subscribed.unwrap(),
            }
        }
    };
    timeout(SOON, declared).await.expect("the relay declares its exchanges")
}

async fn drover_tells_and_subscribers_hear(env: &RoleEnv, reader: &AmqpBus, treeherder: &AmqpBus, rng: &Rng) {
    let tasks = Subscription::durable("queue/reader/tasks").bind(PENDING, "#");
    let mut pending = subscribe_once_declared(reader, &tasks).await;
    let jobs = Subscription::durable("queue/treeherder/jobs").bind(JOBS, "#");
    let mut jobs = treeherder.subscribe(jobs).await.unwrap();
    let elsewhere = treeherder.subscribe(Subscription::durable("queue/treeherder/tasks").bind(PENDING, "#")).await;
    refused(elsewhere.map(drop), "Treeherder needs its own exchange only");

    let (client, id) = (env.client(), TaskId::from_random(rng.uuid_bytes()));
    let more = json!({
        "routes": ["index.tests.permissions", "tc-treeherder.v2.project.0123456789012345678901234567890123456789"],
        "extra": {"treeherder": {"symbol": "T", "machine": {"platform": "linux64"}, "collection": {"opt": true}}},
    });
    client.create(id, &definition("tests/permissions", &more)).await.unwrap().ok();
    assert!(next(&mut pending).await.contains(&id.to_string()));
    client.claim_work("tests/permissions", "worker", 1).await.unwrap().ok();
    client.run(id, 0, "completed", &json!({})).await.unwrap().ok();
    next(&mut jobs).await;
    let found = timeout(SOON, async {
        let path = "task/tests.permissions";
        while client.send_to("index", reqwest::Method::GET, path, None, &[]).await.unwrap().status != 200 {
            sleep(POLL).await;
        }
    });
    found.await.expect("the index receives the event from its queue on the external vhost");
}

async fn a_subscriber_harms_nobody(reader: &AmqpBus, inside: &AmqpBus) {
    refused(reader.publish(&[message(PENDING, "key")], SOON).await, "it publishes events");
    refused(
        reader.publish(&[message("", "drover/index/task-completed")], SOON).await,
        "it reaches a queue by its name",
    );
    let others = reader.subscribe(Subscription::durable("drover/index/task-completed").bind(PENDING, "#")).await;
    refused(others.map(drop), "it takes what waits for the index");
    let others = reader.subscribe(Subscription::durable("queue/treeherder/jobs").bind(JOBS, "#")).await;
    refused(others.map(drop), "it takes what waits for another subscriber");
    let inside = inside.depth("drover/v1/queue", BRIEFLY).await;
    assert!(matches!(inside, Err(BusError::Unavailable(_))), "it has no permission on the internal vhost: {inside:?}");
}

/// `drover bus` finds queues on either, and subscribes as Drover does.
async fn the_tools_reach_both_vhosts(env: &RoleEnv, folder: &Path, settings: &[(&str, &str)]) {
    let queues = ["drover/v1/queue", "queue/reader/tasks"];
    let flags = queues.iter().flat_map(|queue| ["--queue", queue]);
    let mut command = tests::program();
    command.args(["bus", "-o", "json", "lag"]).args(flags).envs(settings.iter().copied()).current_dir(folder);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lag: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let found: Vec<&str> = lag["queues"].as_array().unwrap().iter().map(|it| it["queue"].as_str().unwrap()).collect();
    assert_eq!(found, ["drover/index/task-completed", "drover/v1/queue", "queue/reader/tasks"]);
    assert!(env.count() > 0);
}

fn refused(result: Result<(), BusError>, what: &str) {
    let Err(BusError::Refused(words)) = result else { panic!("{what}: {result:?}") };
    assert!(words.contains("ACCESS_REFUSED"), "{what}: {words}");
}

fn message(exchange: &str, key: &str) -> Message {
    Message {
        exchange: exchange.into(),
        routing_key: key.to_owned(),
        cc: Vec::new(),
        content_type: ContentType::Json,
        body: "{}".into(),
        id: String::new(),
        replayed: false,
    }
}

async fn next(consumer: &mut Consumer) -> String {
    match timeout(SOON, consumer.next()).await.expect("a message in time") {
        Some(Received::Delivery(delivery)) => {
            let body = String::from_utf8(delivery.message.body.to_vec()).unwrap();
            delivery.ack();
            body
        }
        other => panic!("a message was due, not {other:?}"),
    }
}
