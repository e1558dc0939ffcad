//! Cancels on both sides.

use db::bridge::BridgeState;
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::{TestEnv, TestMaster};

#[tokio::test]
async fn a_waiting_request_is_cancelled() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "cancelling what waits").await else { return };
    let shared = old.shared(&env);
    let (task, request) = old.asked(&env, &shared).await;
    env.cancel(task).await;
    env.check_all(&shared).await;
    assert_eq!(old.deletes(), [format!("DELETE /self-serve/cedar/request/{request} drover@example.com")]);
    assert_eq!(old.readers(), [""], "the list of builders is no business of the self-serve service");
    env.advance(&shared, chrono::TimeDelta::seconds(1)).await;
    assert_eq!(env.request(task).await.state, BridgeState::Resolved);
    env.stop().await;
}

#[tokio::test]
async fn a_build_that_runs_is_stopped() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "cancelling what runs").await else { return };
    let shared = old.shared(&env);
    let (task, request) = old.asked(&env, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    env.check_all(&shared).await;
    env.cancel(task).await;
    env.check_all(&shared).await;
    assert_eq!(old.deletes(), [format!("DELETE /self-serve/cedar/build/{} drover@example.com", builds[0])]);
    env.advance(&shared, chrono::TimeDelta::seconds(1)).await;
    assert_eq!(env.request(task).await.state, BridgeState::Resolved);
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::Canceled))]);
    env.stop().await;
}

#[tokio::test]
async fn a_build_shared_with_other_requests_goes_on() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "cancelling one of several").await else { return };
    let shared = old.shared(&env);
    let (one, first) = old.asked(&env, &shared).await;
    let (two, second) = old.asked(&env, &shared).await;
    let builds = old.scheduler.start(&[first, second], 9, old.now()).await;
    env.check_all(&shared).await;
    env.cancel(one).await;
    env.check_all(&shared).await;
    assert_eq!(old.deletes(), [""; 0]);
    assert!(env.request(one).await.error.unwrap().contains(&format!("also serves the requests {second}")));
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[first, second], 0, old.now()).await;
    env.advance(&shared, chrono::TimeDelta::seconds(5)).await;
    assert_eq!(env.runs(two).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(env.request(one).await.state, BridgeState::Resolved);
    env.stop().await;
}

#[tokio::test]
async fn a_build_is_stopped_when_all_its_requests_are_cancelled() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "cancelling all of several").await else { return };
    let shared = old.shared(&env);
    let (one, first) = old.asked(&env, &shared).await;
    let (two, second) = old.asked(&env, &shared).await;
    old.scheduler.start(&[first, second], 9, old.now()).await;
    env.check_all(&shared).await;
    env.cancel(one).await;
    env.check_all(&shared).await;
    assert_eq!(old.deletes(), [""; 0]);
    env.cancel(two).await;
    env.advance(&shared, chrono::TimeDelta::seconds(5)).await;
    env.advance(&shared, chrono::TimeDelta::seconds(5)).await;
    assert!(!old.deletes().is_empty() && old.deletes().iter().all(|asked| asked.contains("/cedar/build/")));
    env.stop().await;
}

#[tokio::test]
async fn what_was_cancelled_at_the_master_is_cancelled_here() {
    let env = TestEnv::start().await;
    let Some(old) = TestMaster::start(&env, "cancelling at the master").await else { return };
    let shared = old.shared(&env);
    let (task, request) = old.asked(&env, &shared).await;
    old.scheduler.cancel_pending(request, old.now()).await;
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::Canceled))]);

    // After RETRY too, where a build remains that did not end like this.
    let (task, request) = old.asked(&env, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.resubmit(&[request]).await;
    old.scheduler.cancel_pending(request, old.now()).await;
    env.check_all(&shared).await;
    env.check_all(&shared).await;
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(env.runs(task).await, [retried, (S::Exception, Some(R::Canceled))]);
    assert_eq!(old.deletes(), [""; 0]);
    env.stop().await;
}
