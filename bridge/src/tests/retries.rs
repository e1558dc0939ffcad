//! RETRY: the next run waits for the same request.

use chrono::TimeDelta;
use db::bridge::BridgeState;
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::driver::BuildResult;

#[tokio::test]
async fn the_next_run_is_bound_to_the_same_request_and_claimed_with_its_next_build() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    let request = fake.only_request();
    let first = fake.start(request);
    env.check_all(&shared).await;
    fake.finish(first, BuildResult::Retry);
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::WorkerShutdown)), (S::Pending, None)]);
    assert_eq!(env.add_pending(task, 1).await, 0, "the bridge bound it itself");
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await.len(), 2, "the old build is dealt with");
    let second = fake.start(request);
    env.check_all(&shared).await;
    fake.finish(second, BuildResult::Success);
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await[1], (S::Completed, Some(R::Completed)));
    assert_eq!(env.text(task, 0, "public/logs/live.log").await, format!("log {first}\n"));
    assert_eq!(env.text(task, 1, "public/logs/live.log").await, format!("log {second}\n"));
    assert_eq!(fake.created(), 1);
    env.stop().await;
}

#[tokio::test]
async fn builds_between_two_checks_are_reported_in_their_order() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    let request = fake.only_request();
    for result in [BuildResult::Retry, BuildResult::Retry, BuildResult::Failure] {
        fake.finish(fake.start(request), result);
    }
    env.check_all(&shared).await;
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(env.runs(task).await, [retried, retried, (S::Failed, Some(R::Failed))]);
    env.stop().await;
}

#[tokio::test]
async fn without_retries_left_the_request_is_cancelled() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.create(M, json!({"builderName": "linux"}), &["buildbot:build:m/linux"], 0).await;
    env.add_pending(task, 0).await;
    env.run_until_idle(&shared).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Retry);
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::WorkerShutdown))]);
    assert_eq!(fake.cancels(), [fake.only_request()]);
    env.check_all(&shared).await;
    assert_eq!(env.request(task).await.state, BridgeState::Resolved);
    env.stop().await;
}

#[tokio::test]
async fn a_claim_that_ran_out_while_the_bridge_was_down_goes_on_with_the_next_run() {
    for reported in [true, false] {
        let env = TestEnv::start().await;
        let fake = FakeMaster::new(env.clock.clone());
        let shared = env.shared(&fake);
        let task = env.known_task().await;
        env.run_until_idle(&shared).await;
        let build = fake.start(fake.only_request());
        env.check_all(&shared).await;
        env.clock.advance(TimeDelta::hours(1));
        env.expire().await;
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::ClaimExpired)), (S::Pending, None)]);
        if reported {
            env.add_pending(task, 1).await;
        }
        let again = env.shared(&fake);
        env.check_all(&again).await;
        assert_eq!(env.runs(task).await[1], (S::Running, None), "the build still runs");
        fake.finish(build, BuildResult::Success);
        env.check_all(&again).await;
        assert_eq!(env.runs(task).await[1], (S::Completed, Some(R::Completed)));
        assert_eq!((fake.created(), fake.cancels().len()), (1, 0));
        env.stop().await;
    }
}

#[tokio::test]
async fn a_retry_while_the_claim_ran_out_costs_no_second_run() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    let request = fake.only_request();
    let build = fake.start(request);
    env.check_all(&shared).await;
    env.clock.advance(TimeDelta::hours(1));
    env.expire().await;
    fake.finish(build, BuildResult::Retry);
    env.add_pending(task, 1).await;
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await.len(), 2);
    fake.finish(fake.start(request), BuildResult::Success);
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await[1], (S::Completed, Some(R::Completed)));
    env.stop().await;
}

#[tokio::test]
async fn a_rerun_of_an_ended_task_is_another_build() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Failure);
    env.check_all(&shared).await;
    env.queue.rerun_task(task).await.unwrap();
    for _ in 0..3 {
        env.add_pending(task, 1).await;
        env.run_until_idle(&shared).await;
    }
    let keys: Vec<String> = fake.state().creates.iter().map(|order| order.key.clone()).collect();
    assert_eq!(keys, [format!("{task}/0"), format!("{task}/1")]);
    env.stop().await;
}
