//! Events of masters on a real exchange. The clock stands still, so no periodic check is due.

use std::time::Duration;

use actors::artifacts::{ArtifactKey, Location};
use base::{Rng, environment, settings::ConfigDuration};
use bus::{AmqpBus, Bus, ContentType, Exchange, Message};
use protocol::{
    id::TaskId,
    state::{ReasonResolved as R, TaskState as S},
};
use serde_json::{Value, json};

use super::{
    super::supervised::{SOON, ended, eventually, supervise},
    TestEnv, TestMaster,
    env::linux,
    proxy::Proxy,
};
use crate::driver::{Event, MasterDriver, RequestId};

const LOG: &str = "https://archive.example.com/cedar/linux-8.txt.gz";

/// A broker with the masters' exchange.
struct TestBroker {
    bus: AmqpBus,
    exchange: String,
    queue: String,
}

impl TestBroker {
    /// `None`: there is no broker. The settings of the master are set to it.
    async fn start(old: &mut TestMaster, test: &str) -> Option<Self> {
        let Some(url) = environment::variable("DROVER_TEST_AMQP_URL") else {
            println!("SKIPPED: {test}; it needs DROVER_TEST_AMQP_URL");
            return None;
        };
        let number = format!("{:x}", Rng::system().number());
        let exchange = format!("drover-test/build-{number}");
        let bus = AmqpBus::new(&url, "drover test", &Rng::seeded(1)).unwrap();
        bus.declare(Exchange::topic(&exchange)).await.unwrap();
        let classic = &mut old.settings.classic;
        classic.amqp_url = url.as_str().into();
        let queue = format!("{exchange}/queue");
        (classic.exchange, classic.queue) = (exchange.clone(), queue.clone());
        Some(Self { bus, exchange, queue })
    }

    /// Events before the bridge has declared its queue are lost.
    async fn is_listened_to(&self) {
        eventually("the bridge listens", async || {
            self.bus.depth(&self.queue, SOON).await.is_ok_and(|it| it.consumers > 0)
        })
        .await;
    }

    /// Deletes everything from a shared broker.
    async fn end(self) {
        self.bus.delete(&[format!("{}/queue", self.exchange)], &[self.exchange], SOON).await.unwrap();
        self.bus.close().await;
    }

    async fn send(&self, kind: &str, body: Vec<u8>) {
        let message = Message {
            exchange: self.exchange.as_str().into(),
            routing_key: format!("build.linux.8.{kind}"),
            cc: vec![],
            content_type: ContentType::Json,
            body: body.into(),
            id: String::new(),
            replayed: false,
        };
        self.bus.publish(&[message], SOON).await.unwrap();
    }

    async fn started(&self, requests: &[i64]) {
        self.send("started", message(8, &Value::Null, json!(requests), &[])).await;
    }

    async fn log_uploaded(&self, requests: &[i64]) {
        let more = [json!(["request_ids", requests, "postrun"]), json!(["log_url", LOG, "postrun"])];
        self.send("log_uploaded", message(8, &json!(0), Value::Null, &more)).await;
    }
}

/// A message as masters publish it.
fn message(number: i64, results: &Value, request_ids: Value, more: &[Value]) -> Vec<u8> {
    let mut properties = vec![
        json!(["taskId", "someTask", "drover"]),
        json!(["slavename", "bld-linux64-7", "BuildSlave"]),
        json!(["revision", "abc", "SourceStamp"]),
        json!(["token", "hunter2", "Step"]),
    ];
    properties.extend_from_slice(more);
    let build = json!({"builderName": "linux", "number": number, "results": results, "properties": properties});
    let mut payload = json!({"build": build});
    if !request_ids.is_null() {
        payload["request_ids"] = request_ids;
    }
    let meta = json!({"master_name": "bm01", "master_incarnation": "pid4711-boot1"});
    json!({"_meta": meta, "payload": payload}).to_string().into_bytes()
}

/// A pending task that is asked for at the master, with its number there.
async fn asked(env: &TestEnv) -> (TaskId, i64) {
    let task = env.pending(linux()).await;
    eventually("the build is asked for", async || {
        env.db.bridge_requests_of(task).await.unwrap().iter().any(|row| row.request_id.is_some())
    })
    .await;
    (task, env.request(task).await.request_id.unwrap())
}

async fn leads_to(env: &TestEnv, task: TaskId, name: &str) -> String {
    let key = ArtifactKey { task_id: task, run_id: 0, name: name.to_owned() };
    let found = env.artifacts.follow(key, &|_| true).await.unwrap();
    match env.artifacts.location(&found).await.unwrap() {
        Some(Location::Url(url)) => url,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn builds_are_followed_to_their_logs_by_events() {
    let env = TestEnv::start().await;
    let Some(mut old) = TestMaster::start(&env, "events of masters").await else { return };
    let Some(broker) = TestBroker::start(&mut old, "events of masters").await else { return };
    let parts = supervise(&env, vec![old.parts()]).await;
    broker.is_listened_to().await;
    let ((one, first), (two, second)) = (asked(&env).await, asked(&env).await);
    broker.send("started", b"\xffnonsense".to_vec()).await;
    let builds = old.scheduler.start(&[first, second], 8, old.now()).await;
    broker.started(&[first, second]).await;
    for task in [one, two] {
        eventually("the run is claimed", async || env.status(task).await.state == S::Running).await;
        assert_eq!(env.status(task).await.runs[0].worker_id.as_deref(), Some("bld-linux64-7"));
    }
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[first, second], 0, old.now()).await;
    broker.log_uploaded(&[first, second]).await;
    for task in [one, two] {
        eventually("the task ends", async || ended(&env, task).await).await;
        assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
        for name in ["live.log", "live_backing.log", "live_backing.log.gz"] {
            assert_eq!(leads_to(&env, task, &format!("public/logs/{name}")).await, LOG);
        }
        let properties = env.text(task, 0, "public/properties.json").await;
        assert_eq!(properties, format!("{{\"drover_task\":\"{task}/0\",\"revision\":\"abc\"}}"));
    }
    parts.stop(SOON).await;
    broker.end().await;
    env.stop().await;
}

#[tokio::test]
async fn events_during_a_downtime_of_the_bridge_are_received_later() {
    let env = TestEnv::start().await;
    let Some(mut old) = TestMaster::start(&env, "events while the bridge is down").await else { return };
    let Some(broker) = TestBroker::start(&mut old, "events while the bridge is down").await else { return };
    let parts = supervise(&env, vec![old.parts()]).await;
    broker.is_listened_to().await;
    let (task, request) = asked(&env).await;
    old.scheduler.start(&[request], 8, old.now()).await;
    broker.started(&[request]).await;
    eventually("the run is claimed", async || env.status(task).await.state == S::Running).await;
    parts.stop(SOON).await;
    old.scheduler.interrupt(old.driver().builds(RequestId(request)).await.unwrap()[0].id.0, old.now()).await;
    old.scheduler.retire(&[request], 2, old.now()).await;
    broker.log_uploaded(&[request]).await;
    let parts = supervise(&env, vec![old.parts()]).await;
    eventually("the task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Failed, Some(R::Failed))]);
    assert_eq!(leads_to(&env, task, "public/logs/live.log").await, LOG);
    parts.stop(SOON).await;
    broker.end().await;
    env.stop().await;
}

#[tokio::test]
async fn a_final_message_is_redelivered_after_a_crash() {
    let env = TestEnv::start().await;
    let Some(mut old) = TestMaster::start(&env, "a listener that dies").await else { return };
    let Some(broker) = TestBroker::start(&mut old, "a listener that dies").await else { return };
    let shared = old.shared(&env);
    let (_, request) = old.asked(&env, &shared).await;
    old.build(&[request], 8, 0).await;
    for times in 0..3 {
        let driver = old.driver();
        let build = driver.builds(RequestId(request)).await.unwrap()[0].id;
        let mut source = driver.events();
        let mut next = async || tokio::time::timeout(SOON, source.next()).await.unwrap();
        assert_eq!(next().await, Event::Connected);
        if times == 0 {
            assert!(driver.steps(build).await.is_err(), "its log may still be announced");
            broker.log_uploaded(&[request]).await;
        }
        assert_eq!(next().await, Event::Request(RequestId(request)));
        assert_eq!(driver.steps(build).await.unwrap(), []);
        assert_eq!(driver.properties(build).await.unwrap()["log_url"].value, LOG);
    }
    broker.end().await;
    env.stop().await;
}

#[tokio::test]
async fn a_missing_exchange_is_reported() {
    let env = TestEnv::start().await;
    let Some(mut old) = TestMaster::start(&env, "a missing exchange").await else { return };
    let Some(broker) = TestBroker::start(&mut old, "a missing exchange").await else { return };
    old.settings.classic.exchange = "drover-test/nowhere".to_owned();
    let mut source = old.driver().events();
    let event = tokio::time::timeout(SOON, source.next()).await.unwrap();
    assert!(matches!(&event, Event::Disconnected(message) if message.contains("drover-test/nowhere")), "{event:?}");
    // It is reported once.
    assert!(tokio::time::timeout(Duration::from_millis(100), source.next()).await.is_err());
    broker.end().await;
    env.stop().await;
}

#[tokio::test]
async fn the_loss_and_the_return_of_the_broker_are_reported() {
    let env = TestEnv::start().await;
    let Some(mut old) = TestMaster::start(&env, "a broker that goes away").await else { return };
    let Some(broker) = TestBroker::start(&mut old, "a broker that goes away").await else { return };
    let url = old.settings.classic.amqp_url.reveal().to_owned();
    let server = url.rsplit('@').next().unwrap().split('/').next().unwrap().to_owned();
    let mut proxy = Proxy::to(&server).await;
    old.settings.classic.amqp_url = url.replace(&server, &proxy.address()).into();
    old.settings.timeout = ConfigDuration::seconds(1);
    let mut source = old.driver().events();
    let mut next = async || tokio::time::timeout(SOON, source.next()).await.unwrap();
    assert_eq!(next().await, Event::Connected);
    proxy.close().await;
    let lost = next().await;
    assert!(matches!(&lost, Event::Disconnected(_)), "{lost:?}");
    broker.started(&[7]).await;
    proxy.open().await;
    let mut received = [next().await, next().await];
    received.sort_by_key(|event| *event == Event::Connected);
    assert_eq!(received, [Event::Request(RequestId(7)), Event::Connected]);
    broker.end().await;
    env.stop().await;
}
