//! With an HTTP server that responds as a master would, or badly. `tests/buildbot/` tests with a real master.

use std::sync::{Arc, Mutex};

use base::{ConfigDuration, Rng, TestClock};
use chrono::TimeDelta;

use super::*;
use crate::tests::server::{NO_RESPONSE, Response, Server};

/// A master with responses by a rule, and its driver.
struct TestEnv {
    master: BuildbotMaster,
    clock: TestClock,
    server: Server,
}

impl TestEnv {
    async fn new(rule: impl Fn(&str) -> Response + Send + Sync + 'static) -> Self {
        let server = Server::start(rule).await;
        let settings = MasterSettings {
            url: server.url.clone(),
            user: "drover".to_owned(),
            password: "secret".into(),
            timeout: ConfigDuration::seconds(1),
            ..MasterSettings::default()
        };
        let clock = TestClock::default();
        let master = BuildbotMaster::new(&settings, Arc::new(clock.clone()), Rng::seeded(1)).unwrap();
        Self { master, clock, server }
    }

    fn asked(&self) -> Vec<String> {
        self.server.asked()
    }
}

fn nothing() -> Response {
    (200, "", r#"{"builds": [], "meta": {"total": 0}}"#.to_owned())
}

#[tokio::test]
async fn an_expired_session_is_renewed_and_the_call_repeated_once() {
    let logins = Mutex::new(0);
    let env = TestEnv::new(move |request_line| match request_line {
        "GET /bb/auth/login " => {
            let mut logins = logins.lock().unwrap();
            *logins += 1;
            (302, if *logins == 1 { "Set-Cookie: S=old; Path=/\r\n" } else { "Set-Cookie: S=new\r\n" }, String::new())
        }
        "POST /bb/api/v2/builds/7 S=new" => (200, "", r#"{"result": null}"#.to_owned()),
        _ => (403, "", r#"{"error": {"code": -32600, "message": "you need to have role 'drover'"}}"#.to_owned()),
    })
    .await;
    // Right after a login the master lacks the permission, not the session.
    let refused = env.master.stop(BuildId(7), "").await;
    assert!(matches!(&refused, Err(DriverError::Auth(message)) if message.contains("role 'drover'")), "{refused:?}");
    assert_eq!(env.asked(), ["GET /bb/auth/login ", "POST /bb/api/v2/builds/7 S=old"]);

    env.clock.advance(TimeDelta::minutes(1));
    env.master.stop(BuildId(7), "").await.unwrap();
    let expected = ["POST /bb/api/v2/builds/7 S=old", "GET /bb/auth/login ", "POST /bb/api/v2/builds/7 S=new"];
    assert_eq!(env.asked(), expected);
}

#[tokio::test]
async fn a_wrong_password_is_reported_and_reads_go_on() {
    let env = TestEnv::new(|request_line| match request_line {
        "GET /bb/auth/login " => (401, "", "Unauthorized".to_owned()),
        _ => nothing(),
    })
    .await;
    let refused = env.master.stop(BuildId(7), "").await;
    assert!(matches!(&refused, Err(DriverError::Auth(message)) if message.contains("password of user `drover`")));
    assert!(env.master.builds(RequestId(1)).await.unwrap().is_empty());
    let asked = env.asked();
    assert_eq!(asked.iter().filter(|request_line| request_line.contains("login")).count(), 1, "{asked:?}");
}

#[tokio::test]
async fn errors_of_a_master_are_mapped() {
    let env = TestEnv::new(|request_line| match request_line.split('?').next().unwrap().trim_end() {
        "GET /bb/api/v2/buildrequests/1/builds" => (502, "", "<html>Bad gateway</html>".to_owned()),
        "GET /bb/api/v2/buildrequests/2/builds" => (200, "", "<html>Welcome</html>".to_owned()),
        "GET /bb/api/v2/buildrequests/3/builds" => (404, "", r#"{"error": "not found"}"#.to_owned()),
        "GET /bb/api/v2/buildrequests/4/builds" => (302, "Location: /sso\r\n", String::new()),
        "GET /bb/api/v2/buildrequests/5/builds" => (400, "", r#"{"error": "cannot filter"}"#.to_owned()),
        "GET /bb/api/v2/buildrequests/6/builds" => (NO_RESPONSE, "", String::new()),
        "GET /bb/api/v2/buildrequests/7/builds" => (200, "", r#"{"builds": [{"buildid": "x"}]}"#.to_owned()),
        "GET /bb/auth/login" => (302, "Set-Cookie: S=1\r\n", String::new()),
        _ => nothing(),
    })
    .await;
    let builds = async |id| env.master.builds(RequestId(id)).await.unwrap_err();
    assert!(matches!(builds(1).await, DriverError::Unavailable(_)));
    assert!(matches!(builds(2).await, DriverError::InvalidResponse(_)));
    assert!(matches!(builds(3).await, DriverError::NotFound(_)));
    assert!(matches!(builds(4).await, DriverError::Auth(_)));
    assert!(matches!(builds(5).await, DriverError::Refused(message) if message.contains("cannot filter")));
    assert!(matches!(builds(6).await, DriverError::Unavailable(_)), "it never answers");
    assert!(matches!(builds(7).await, DriverError::InvalidResponse(_)));
}

#[tokio::test]
async fn a_read_without_a_response_is_retried_once_and_a_write_is_not() {
    let lost = Mutex::new(0);
    let env = TestEnv::new(move |request_line| match request_line.split('?').next().unwrap().trim_end() {
        "GET /bb/auth/login" => (302, "Set-Cookie: S=1\r\n", String::new()),
        "GET /bb/api/v2/buildrequests/1/builds" => {
            let mut lost = lost.lock().unwrap();
            *lost += 1;
            if *lost == 1 { (NO_RESPONSE, "", String::new()) } else { nothing() }
        }
        _ => (NO_RESPONSE, "", String::new()),
    })
    .await;
    assert!(env.master.builds(RequestId(1)).await.unwrap().is_empty());
    let asked = env.asked();
    assert_eq!(asked.iter().filter(|request_line| request_line.contains("/1/builds")).count(), 2, "{asked:?}");
    assert!(matches!(env.master.stop(BuildId(7), "").await, Err(DriverError::Unavailable(_))));
    assert_eq!(env.asked().len(), 1, "it may have been carried out");
}

#[tokio::test]
async fn a_master_that_limits_its_pages_is_read_to_the_end() {
    let page = |name: &str, total: usize| {
        let builder = format!(r#"{{"buildid":1,"builderid":1,"buildrequestid":{name},"number":1,"complete":false}}"#);
        (200, "", format!(r#"{{"builds": [{builder}], "meta": {{"total": {total}}}}}"#))
    };
    let env =
        TestEnv::new(move |request_line| match request_line.split_once("offset=").map(|(_, offset)| offset.trim()) {
            _ if request_line.contains("login") => (302, "Set-Cookie: S=1\r\n", String::new()),
            None => page("10", 3),
            Some("1 S=1") => page("11", 3),
            Some(_) => page("12", 3),
        })
        .await;
    let requests: Vec<i64> =
        env.master.running_builds().await.unwrap().unwrap().iter().map(|it| it.request.0).collect();
    assert_eq!(requests, [10, 11, 12]);
}

#[tokio::test]
async fn a_stock_scheduler_is_not_called_again_while_a_create_may_be_in_flight() {
    let form = r#"{"forceschedulers": [{"builder_names": ["fast"], "all_fields": []}]}"#;
    let env = TestEnv::new(move |request_line| match request_line.split('?').next().unwrap() {
        "GET /bb/auth/login " => (302, "Set-Cookie: S=1\r\n", String::new()),
        "GET /bb/api/v2/forceschedulers/drover S=1" => (200, "", form.to_owned()),
        "GET /bb/api/v2/buildsets" => (200, "", r#"{"buildsets": [], "meta": {"total": 0}}"#.to_owned()),
        _ => (500, "", String::new()),
    })
    .await;
    // The kind of the scheduler is known already, so that the post is the only call that fails.
    let form = scheduler::Form { builders: ["fast".to_owned()].into(), ..scheduler::Form::default() };
    let known = Some((env.clock.now(), Scheduler { creates_idempotently: false, form }));
    env.master.cache.lock().await.scheduler = known;
    let order = NewRequest {
        key: "task/0".to_owned(),
        builder: "fast".to_owned(),
        source_stamp: crate::driver::SourceStamp::default(),
        properties: serde_json::Map::new(),
        priority: 0,
        reason: String::new(),
    };
    let posts = |asked: Vec<String>| asked.iter().filter(|request_line| request_line.starts_with("POST")).count();
    assert!(matches!(env.master.create(&order).await, Err(DriverError::Unavailable(_))));
    assert_eq!(posts(env.asked()), 1);
    assert!(matches!(env.master.create(&order).await, Err(DriverError::Unavailable(_))));
    assert_eq!(posts(env.asked()), 0);
    env.clock.advance(TimeDelta::seconds(60));
    assert!(matches!(env.master.create(&order).await, Err(DriverError::Unavailable(_))));
    assert_eq!(posts(env.asked()), 1);
}

#[test]
fn a_url_without_a_scheme_is_refused() {
    let settings = MasterSettings { url: "buildbot.example.com".to_owned(), ..MasterSettings::default() };
    let made = BuildbotMaster::new(&settings, Arc::new(TestClock::default()), Rng::seeded(1));
    assert!(matches!(made.err(), Some(DriverError::Setting(message)) if message.contains("`url` of the master")));
}
