//! Tasks that cannot be builds: each ends with a log that says what to mend.

use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::{Value, json};

use super::*;
use crate::MasterSettings;

struct Case {
    payload: Value,
    scope: &'static str,
    words: &'static str,
}

#[tokio::test]
async fn a_task_that_cannot_be_run_is_malformed_and_its_log_says_why() {
    let case = |payload, scope, words| Case { payload, scope, words };
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
    let fake = Fake::new(env.clock.clone());
    let allowed_builders = vec!["linux|retired|unlisted|nowhere".to_owned()];
    let shared = env.share_with(&fake, MasterSettings { allowed_builders, ..MasterSettings::default() });
    for Case { payload, scope, words } in cases {
        let task = env.create(M, payload.clone(), &[scope], 5).await;
        env.tell(task, 0).await;
        env.pass(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::MalformedPayload))], "{payload}");
        let log = env.text(task, 0, "public/logs/live.log").await;
        assert!(log.contains(words), "{payload}: {log}");
    }
    assert_eq!(fake.forces(), 0);
    env.stop().await;
}

#[tokio::test]
async fn what_the_master_refuses_is_malformed_too() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    fake.fault(Fault::Refuses);
    let task = env.wanted().await;
    env.pass(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::MalformedPayload))]);
    assert!(env.text(task, 0, "public/logs/live.log").await.contains("branch: not a branch"));
    env.stop().await;
}

#[tokio::test]
async fn ignored_builders_are_left_to_others() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let settings = MasterSettings { ignored_builders: vec!["linux".to_owned()], ..MasterSettings::default() };
    let shared = env.share_with(&fake, settings);
    let task = env.wanted().await;
    env.pass(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    assert_eq!((fake.forces(), env.tell(task, 0).await), (0, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_builder_added_just_before_its_task_is_found() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    env.wanted().await;
    env.pass(&shared).await;
    env.clock.advance(chrono::TimeDelta::seconds(1));
    let added = crate::driver::Builder { name: "new".to_owned(), ..fake.state().builders[0].clone() };
    fake.state().builders.push(added);
    let task = env.pending(json!({"builderName": "new"})).await;
    env.tell(task, 0).await;
    env.pass(&shared).await;
    assert_eq!((env.runs(task).await, fake.forces()), (vec![(S::Pending, None)], 2));
    env.stop().await;
}

#[tokio::test]
async fn without_any_list_of_builders_tasks_wait() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    fake.fault(Fault::Away);
    let task = env.pending(json!({"builderName": "nowhere"})).await;
    env.tell(task, 0).await;
    env.pass(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Pending, None)]);
    env.stop().await;
}
