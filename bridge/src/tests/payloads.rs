//! Tasks that cannot be builds: each ends with a log that says what to correct.

use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::{Value, json};

use super::*;
use crate::MasterSettings;

struct Case {
    payload: Value,
    scope: &'static str,
    message: &'static str,
}

#[tokio::test]
async fn a_task_that_cannot_be_run_is_malformed_and_its_log_says_why() {
    let case = |payload, scope, message| Case { payload, scope, message };
    let fits = "buildbot:build:m/*";
    let cases = [
        case(json!({"command": ["true"]}), fits, "`builderName` is missing"),
        case(json!({"builderName": "linux", "properties": [1]}), fits, "`properties` is a list"),
        case(json!({"builderName": "nowhere"}), fits, "master m has no builder `nowhere`"),
        case(json!({"builderName": "secret"}), fits, "tasks may not use the builder `secret`"),
        case(json!({"builderName": "retired"}), fits, "not in use any more"),
        case(json!({"builderName": "unlisted"}), fits, "no scheduler of master m"),
        case(json!({"builderName": "linux"}), "buildbot:build:other/*", "needs the scope buildbot:build:m/linux"),
        case(json!({"builderName": "linux"}), "buildbot:build:m/linu", "needs the scope buildbot:build:m/linux"),
    ];
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let allowed_builders = vec!["linux|retired|unlisted|nowhere".to_owned()];
    let shared = env.shared_with(&fake, MasterSettings { allowed_builders, ..MasterSettings::default() });
    for Case { payload, scope, message } in cases {
        let task = env.create(M, payload.clone(), &[scope], 5).await;
        env.add_pending(task, 0).await;
        env.run_until_idle(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::MalformedPayload))], "{payload}");
        let log = env.text(task, 0, "public/logs/live.log").await;
        assert!(log.contains(message), "{payload}: {log}");
    }
    assert_eq!(fake.created(), 0);
    env.stop().await;
}

#[tokio::test]
async fn what_the_master_refuses_is_malformed_too() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    fake.set_fault(Fault::Refuses);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::MalformedPayload))]);
    assert!(env.text(task, 0, "public/logs/live.log").await.contains("branch: not a branch"));
    env.stop().await;
}

#[tokio::test]
async fn tasks_of_ignored_builders_stay_pending() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let settings = MasterSettings { ignored_builders: vec!["linux".to_owned()], ..MasterSettings::default() };
    let shared = env.shared_with(&fake, settings);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    assert_eq!((fake.created(), env.add_pending(task, 0).await), (0, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_builder_added_just_before_its_task_is_found() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    env.known_task().await;
    env.run_until_idle(&shared).await;
    env.clock.advance(chrono::TimeDelta::seconds(1));
    let added = crate::driver::Builder { name: "new".to_owned(), ..fake.state().builders[0].clone() };
    fake.state().builders.push(added);
    let task = env.pending(json!({"builderName": "new"})).await;
    env.add_pending(task, 0).await;
    env.run_until_idle(&shared).await;
    assert_eq!((env.runs(task).await, fake.created()), (vec![(S::Pending, None)], 2));
    env.stop().await;
}

#[tokio::test]
async fn without_any_list_of_builders_tasks_wait() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    fake.set_fault(Fault::Unavailable);
    let task = env.pending(json!({"builderName": "nowhere"})).await;
    env.add_pending(task, 0).await;
    env.run_until_idle(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    env.stop().await;
}
