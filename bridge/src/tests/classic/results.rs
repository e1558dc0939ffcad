//! From the create to the result of a build.

use chrono::TimeDelta;
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::{TestEnv, TestMaster, env::linux};
use crate::driver::{MasterDriver, NewRequest, SourceStamp};

#[tokio::test]
async fn every_result_has_its_end() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "ends of builds").await else { return };
    let shared = old.shared(&env);
    for (number, end) in [
        (0, (S::Completed, R::Completed)),
        (1, (S::Failed, R::Failed)),
        (2, (S::Failed, R::Failed)),
        (3, (S::Completed, R::Completed)),
        (4, (S::Exception, R::InternalError)),
        (6, (S::Exception, R::Canceled)),
    ] {
        let (task, request) = old.asked(&env, &shared).await;
        assert_eq!(env.runs(task).await, [(S::Pending, None)]);
        let builds = old.scheduler.start(&[request], 40 + number, old.now()).await;
        env.check_all(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Running, None)]);
        old.scheduler.stop(&builds, old.now()).await;
        env.check_all(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Running, None)], "the master has not said how it ended");
        old.scheduler.retire(&[request], number, old.now()).await;
        env.check_all(&shared).await;
        assert_eq!(env.runs(task).await, [(end.0, Some(end.1))], "{number}");
        assert!(env.text(task, 0, "public/build.json").await.contains(&format!("\"number\":{}", 40 + number)));
    }
    env.stop().await;
}

#[tokio::test]
async fn a_build_without_a_published_log_delays_its_task_until_the_timeout_only() {
    let env = TestEnv::start().await;
    let Some(mut old) = TestMaster::start(&env, "a log that nobody tells of").await else { return };
    // Nobody is there, but somebody could be.
    old.settings.classic.amqp_url = "amqp://guest:guest@127.0.0.1:1/%2f".into();
    let shared = old.shared(&env);
    let (task, request) = old.asked(&env, &shared).await;
    old.build(&[request], 7, 0).await;
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Running, None)]);
    assert!(env.request(task).await.error.unwrap().contains("the address of the log of build"));
    env.advance(&shared, TimeDelta::minutes(2)).await;
    assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    assert!(env.text(task, 0, "public/logs/live.log").await.contains("did not publish the URL of the log"));
    env.stop().await;
}

#[tokio::test]
async fn after_a_retry_the_next_run_waits_for_the_same_request() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "RETRY").await else { return };
    let shared = old.shared(&env);
    let (task, request) = old.asked(&env, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    env.check_all(&shared).await;
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.resubmit(&[request]).await;
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::WorkerShutdown)), (S::Pending, None)]);
    env.add_pending(task, 1).await;
    env.check_all(&shared).await;
    assert_eq!(env.request(task).await.request_id, Some(request));
    old.build(&[request], 2, 0).await;
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await[1], (S::Completed, Some(R::Completed)));
    assert_eq!(old.scheduler.counts().await, (1, 3, 1));
    env.stop().await;
}

#[tokio::test]
async fn a_master_that_was_killed_builds_again() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "a master that was killed").await else { return };
    let shared = old.shared(&env);
    let (task, request) = old.asked(&env, &shared).await;
    old.scheduler.start(&[request], 1, old.now()).await;
    env.check_all(&shared).await;
    // Nobody is left to write the end of the first build.
    old.build(&[request], 2, 2).await;
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::WorkerShutdown)), (S::Failed, Some(R::Failed))]);
    env.stop().await;
}

#[tokio::test]
async fn one_build_of_several_requests_ends_all_of_their_tasks() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "merged requests").await else { return };
    let shared = old.shared(&env);
    let (one, first) = old.asked(&env, &shared).await;
    let (two, second) = old.asked(&env, &shared).await;
    let builds = old.scheduler.start(&[first, second], 9, old.now()).await;
    env.check_all(&shared).await;
    assert_eq!((env.runs(one).await, env.runs(two).await), (vec![(S::Running, None)], vec![(S::Running, None)]));
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[first, second], 0, old.now()).await;
    env.check_all(&shared).await;
    for task in [one, two] {
        assert_eq!(env.runs(task).await, [(S::Completed, Some(R::Completed))]);
    }
    env.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_the_columns_is_refused_with_its_field() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "a property that is too long").await else { return };
    let shared = old.shared(&env);
    let mut payload = linux();
    payload["properties"]["notes"] = json!("x".repeat(2000));
    let unknown = json!({"builderName": "amiga"});
    for (payload, message) in
        [(payload, "`properties.notes`, as JSON, has 2013 letters"), (unknown, "no builder `amiga`")]
    {
        let task = env.pending(payload).await;
        env.add_pending(task, 0).await;
        env.run_until_idle(&shared).await;
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::MalformedPayload))]);
        let text = env.text(task, 0, "public/logs/live.log").await;
        assert!(text.contains(message), "{text}");
    }
    assert_eq!(old.scheduler.counts().await, (0, 0, 0));
    env.stop().await;
}

#[tokio::test]
async fn repeated_events_and_concurrent_creates_make_one_buildset() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "redelivery").await else { return };
    let task = env.pending(linux()).await;
    for _ in 0..20 {
        let shared = old.shared(&env);
        env.add_pending(task, 0).await;
        env.check_all(&shared).await;
    }
    assert_eq!(old.scheduler.counts().await, (1, 3, 1));
    let order = NewRequest {
        key: "another/0".to_owned(),
        builder: "linux".to_owned(),
        source_stamp: SourceStamp::default(),
        properties: serde_json::Map::new(),
        priority: 0,
        reason: String::new(),
    };
    let (one, two) = (old.driver(), old.driver());
    let (first, second) = tokio::join!(one.create(&order), two.create(&order));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(old.scheduler.counts().await, (2, 5, 2));
    env.stop().await;
}
