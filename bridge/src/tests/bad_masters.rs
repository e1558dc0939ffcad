//! Masters that fail over real HTTP: each opens its circuit breaker and delays no other.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use base::{ConfigDuration, TestClock};
use chrono::TimeDelta;
use db::bridge::{BridgeMaster, BridgeState, MasterState};
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::{
    server::{CLOSE, NO_RESPONSE, Response, Server},
    supervised::{SOON, ended, eventually, supervise},
    *,
};
use crate::{MasterParts, MasterSettings, buildbot::BuildbotMaster, copier::Copier, driver::BuildResult};

/// Names of masters, their responses, and the resulting error.
const BAD: [(&str, u16, &str, &str); 5] = [
    ("garbage", 200, "<html>Welcome</html>", "cannot be read"),
    ("broken", 500, "Traceback (most recent call last)", "500"),
    ("silent", NO_RESPONSE, "", "did not answer"),
    ("rude", CLOSE, "", "did not answer"),
    ("locked", 403, r#"{"error": "you need to have role 'drover'"}"#, "refuses"),
];

/// Responds badly until `recovered`.
struct FailingMaster {
    name: &'static str,
    message: &'static str,
    server: Server,
    recovered: Arc<AtomicBool>,
}

impl FailingMaster {
    async fn start((name, status, body, message): (&'static str, u16, &'static str, &'static str)) -> Self {
        let recovered = Arc::new(AtomicBool::new(false));
        let asked = recovered.clone();
        let rule = move |request_line: &str| match request_line.split(['?', ' ']).nth(1).unwrap_or_default() {
            // The login of these works.
            "/bb/auth/login" if matches!(status, 200 | 403) => (302, "Set-Cookie: S=1\r\n", String::new()),
            path if asked.load(Ordering::Relaxed) => answer(path, request_line.starts_with("POST")),
            _ => (status, "", body.to_owned()),
        };
        Self { name, message, server: Server::start(rule).await, recovered }
    }

    fn parts(&self, clock: &TestClock, rng: &base::Rng) -> MasterParts {
        let settings = MasterSettings {
            name: self.name.to_owned(),
            url: self.server.url.clone(),
            user: "drover".to_owned(),
            password: "secret".into(),
            timeout: ConfigDuration::millis(200),
            ..MasterSettings::default()
        };
        let driver = BuildbotMaster::new(&settings, Arc::new(clock.clone()), rng.branch(self.name)).unwrap();
        let driver = Arc::new(driver);
        MasterParts { settings, driver: driver.clone(), logs: Arc::new(Copier::start(driver)) }
    }

    /// Requests other than attempts to connect to events, which back off by themselves.
    fn asked(&self) -> Vec<String> {
        let listens =
            |request_line: &String| request_line.contains("/bb/ws") || request_line.contains("/bb/auth/login");
        self.server.asked().into_iter().filter(|request_line| !listens(request_line)).collect()
    }
}

/// Responses of a working master: it has one builder, and one request that waits.
fn answer(path: &str, post: bool) -> Response {
    let request = json!({
        "buildrequestid": 12, "buildsetid": 7, "builderid": 1, "claimed": false, "complete": false, "results": -1,
        "submitted_at": 1_700_000_000,
    });
    let facts = json!({ "version": 1, "collapsing": [], "schedulers": [] }).to_string();
    let fields = json!([
        { "fullName": "drover_task" }, { "fullName": "drover_properties" },
        { "fullName": "drover_facts", "default": facts },
    ]);
    let said = match path.trim_start_matches("/bb/api/v2") {
        "/bb/auth/login" => return (302, "Set-Cookie: S=1\r\n", String::new()),
        "/bb/config" => json!({ "versions": [["Buildbot", "4.3.0"]], "user": { "username": "drover" } }),
        "/forceschedulers/drover" if post => json!({ "result": [7, { "1": 12 }] }),
        "/forceschedulers/drover" => {
            json!({ "forceschedulers": [{ "builder_names": ["linux"], "all_fields": fields }] })
        }
        "/builders" => {
            json!({ "builders": [{ "builderid": 1, "name": "linux", "masterids": [1], "description": null }] })
        }
        "/workers" => json!({ "workers": [] }),
        "/buildrequests" => json!({ "buildrequests": [request] }),
        "/builds" | "/buildrequests/12/builds" => json!({ "builds": [] }),
        _ => return (404, "", String::new()),
    };
    (200, "", said.to_string())
}

async fn reported(env: &TestEnv, name: &str) -> Option<BridgeMaster> {
    let masters = env.db.bridge_masters().await.unwrap();
    masters.into_iter().find(|master| master.master == name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_masters_open_their_circuit_breakers_and_do_not_affect_others() {
    let env = TestEnv::start().await;
    let good = FakeMaster::new(env.clock.clone());
    let mut bad = Vec::new();
    for one in BAD {
        bad.push(FailingMaster::start(one).await);
    }
    let mut all: Vec<MasterParts> = bad.iter().map(|one| one.parts(&env.clock, &env.rng)).collect();
    all.push(TestEnv::parts(&good, M, MasterSettings::default()));
    let parts = supervise(&env, all).await;

    let mut held = Vec::new();
    for one in &bad {
        held.push(env.pending_at(one.name, json!({"builderName": "linux"})).await);
    }
    let task = env.pending(json!({"builderName": "linux"})).await;
    eventually("the good one has its build", async || good.created() == 1).await;
    good.finish(good.start(good.only_request()), BuildResult::Success);
    eventually("its task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);

    for one in &bad {
        let state = if one.name == "locked" { MasterState::Refused } else { MasterState::Down };
        eventually(one.name, async || reported(&env, one.name).await.is_some_and(|it| it.state == state)).await;
        let error = reported(&env, one.name).await.unwrap().error.unwrap();
        assert!(error.contains(one.message) && error.len() < 500, "{}: {error}", one.name);
    }
    assert_eq!(reported(&env, M).await.unwrap().state, MasterState::Up);
    for (one, task) in bad.iter().zip(&held) {
        assert_eq!(env.runs(*task).await, [(S::Pending, None)], "{}", one.name);
        one.asked();
    }
    let mut builds = 1;
    // The clock stands still, so that no probe is due; a call that began before its breaker opened may still be tried again.
    for round in 1.. {
        for _ in 0..10 {
            env.pending(json!({"builderName": "linux"})).await;
            builds += 1;
            eventually("the good one has another build", async || good.created() == builds).await;
        }
        let called: Vec<_> =
            bad.iter().map(|one| (one.name, one.asked())).filter(|(_, asked)| !asked.is_empty()).collect();
        if called.is_empty() {
            break;
        }
        assert!(round < 3, "masters are called although their breakers are open: {called:?}");
    }
    for one in &bad {
        one.recovered.store(true, Ordering::Relaxed);
    }
    env.clock.advance(TimeDelta::minutes(2));
    for (one, task) in bad.iter().zip(&held) {
        eventually(one.name, async || env.request(*task).await.state == BridgeState::Created).await;
        assert_eq!(env.request(*task).await.request_id, Some(12), "{}", one.name);
    }
    parts.stop(SOON).await;
    env.stop().await;
}
