//! Masters that fail over real HTTP: each is left alone and told of, and holds up nobody else.

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
    parts::{SOON, ended, supervise, until},
    server::{HANGS_UP, SILENCE, Said, Server},
    *,
};
use crate::{MasterParts, MasterSettings, buildbot::BuildbotMaster, copier::Copier, driver::BuildResult};

/// Names of masters, how each answers, and what is then said of it.
const BAD: [(&str, u16, &str, &str); 5] = [
    ("garbage", 200, "<html>Welcome</html>", "cannot be read"),
    ("broken", 500, "Traceback (most recent call last)", "500"),
    ("silent", SILENCE, "", "did not answer"),
    ("rude", HANGS_UP, "", "did not answer"),
    ("locked", 403, r#"{"error": "you need to have role 'drover'"}"#, "refuses"),
];

/// Answers badly until it is well.
struct BadMaster {
    name: &'static str,
    words: &'static str,
    server: Server,
    well: Arc<AtomicBool>,
}

impl BadMaster {
    async fn start((name, status, body, words): (&'static str, u16, &'static str, &'static str)) -> Self {
        let well = Arc::new(AtomicBool::new(false));
        let asked = well.clone();
        let rule = move |question: &str| match question.split(['?', ' ']).nth(1).unwrap_or_default() {
            // Whoever is in front of these lets anybody in.
            "/bb/auth/login" if matches!(status, 200 | 403) => (302, "Set-Cookie: S=1\r\n", String::new()),
            path if asked.load(Ordering::Relaxed) => answer(path, question.starts_with("POST")),
            _ => (status, "", body.to_owned()),
        };
        Self { name, words, server: Server::start(rule).await, well }
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

    /// Questions that are no attempt to listen for events, which goes on by itself and more and more rarely.
    fn asked(&self) -> Vec<String> {
        let listens = |question: &String| question.contains("/bb/ws") || question.contains("/bb/auth/login");
        self.server.asked().into_iter().filter(|question| !listens(question)).collect()
    }
}

/// What a master says that is well: it has one builder, and one request that waits.
fn answer(path: &str, post: bool) -> Said {
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

async fn told(env: &TestEnv, name: &str) -> Option<BridgeMaster> {
    let masters = env.db.bridge_masters().await.unwrap();
    masters.into_iter().find(|master| master.master == name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn masters_that_fail_in_any_way_are_left_alone_and_told_of_and_the_others_go_on() {
    let env = TestEnv::start().await;
    let good = Fake::new(env.clock.clone());
    let mut bad = Vec::new();
    for one in BAD {
        bad.push(BadMaster::start(one).await);
    }
    let mut all: Vec<MasterParts> = bad.iter().map(|one| one.parts(&env.clock, &env.rng)).collect();
    all.push(TestEnv::parts(&good, M, MasterSettings::default()));
    let parts = supervise(&env, all).await;

    let mut held = Vec::new();
    for one in &bad {
        held.push(env.pending_at(one.name, json!({"builderName": "linux"})).await);
    }
    let task = env.pending(json!({"builderName": "linux"})).await;
    until("the good one has its build", async || good.forces() == 1).await;
    good.finish(good.start(good.only_request()), BuildResult::Success);
    until("its task ends", async || ended(&env, task).await).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);

    for one in &bad {
        let state = if one.name == "locked" { MasterState::Refused } else { MasterState::Down };
        until(one.name, async || told(&env, one.name).await.is_some_and(|it| it.state == state)).await;
        let error = told(&env, one.name).await.unwrap().error.unwrap();
        assert!(error.contains(one.words) && error.len() < 500, "{}: {error}", one.name);
    }
    assert_eq!(told(&env, M).await.unwrap().state, MasterState::Up);
    for (one, task) in bad.iter().zip(&held) {
        assert_eq!(env.runs(*task).await, [(S::Pending, None)], "{}", one.name);
        // The clock stands still, so that no probe is due.
        one.asked();
    }
    for number in 2..12 {
        env.pending(json!({"builderName": "linux"})).await;
        until("the good one has another build", async || good.forces() == number).await;
    }
    for one in &bad {
        assert_eq!(one.asked(), [""; 0], "{} is left alone", one.name);
        one.well.store(true, Ordering::Relaxed);
    }
    env.clock.advance(TimeDelta::minutes(2));
    for (one, task) in bad.iter().zip(&held) {
        until(one.name, async || env.request(*task).await.state == BridgeState::Created).await;
        assert_eq!(env.request(*task).await.request_id, Some(12), "{}", one.name);
    }
    parts.stop(SOON).await;
    env.stop().await;
}
