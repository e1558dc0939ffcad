//! Nobody waits any more, on either side.

use db::bridge::BridgeState;
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::{House, Old};

#[tokio::test]
async fn a_request_that_waits_is_taken_back() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "cancelling what waits").await else { return };
    let shared = old.share(&house);
    let (task, request) = old.asked(&house, &shared).await;
    house.cancel(task).await;
    house.look(&shared).await;
    assert_eq!(old.deletes(), [format!("DELETE /self-serve/cedar/request/{request} drover@example.com")]);
    assert_eq!(old.readers(), [""], "the list of builders is no business of the self-serve service");
    house.after(&shared, chrono::TimeDelta::seconds(1)).await;
    assert_eq!(house.request(task).await.state, BridgeState::Resolved);
    house.stop().await;
}

#[tokio::test]
async fn a_build_that_runs_is_stopped() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "cancelling what runs").await else { return };
    let shared = old.share(&house);
    let (task, request) = old.asked(&house, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    house.look(&shared).await;
    house.cancel(task).await;
    house.look(&shared).await;
    assert_eq!(old.deletes(), [format!("DELETE /self-serve/cedar/build/{} drover@example.com", builds[0])]);
    house.after(&shared, chrono::TimeDelta::seconds(1)).await;
    assert_eq!(house.request(task).await.state, BridgeState::Resolved);
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::Canceled))]);
    house.stop().await;
}

#[tokio::test]
async fn a_build_that_others_wait_for_goes_on() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "cancelling one of several").await else { return };
    let shared = old.share(&house);
    let (one, first) = old.asked(&house, &shared).await;
    let (two, second) = old.asked(&house, &shared).await;
    let builds = old.scheduler.start(&[first, second], 9, old.now()).await;
    house.look(&shared).await;
    house.cancel(one).await;
    house.look(&shared).await;
    assert_eq!(old.deletes(), [""; 0]);
    assert!(house.request(one).await.error.unwrap().contains(&format!("also serves the requests {second}")));
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.retire(&[first, second], 0, old.now()).await;
    house.after(&shared, chrono::TimeDelta::seconds(5)).await;
    assert_eq!(house.runs(two).await, [(S::Completed, Some(R::Completed))]);
    assert_eq!(house.request(one).await.state, BridgeState::Resolved);
    house.stop().await;
}

#[tokio::test]
async fn a_build_that_nobody_of_several_waits_for_is_stopped() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "cancelling all of several").await else { return };
    let shared = old.share(&house);
    let (one, first) = old.asked(&house, &shared).await;
    let (two, second) = old.asked(&house, &shared).await;
    old.scheduler.start(&[first, second], 9, old.now()).await;
    house.look(&shared).await;
    house.cancel(one).await;
    house.look(&shared).await;
    assert_eq!(old.deletes(), [""; 0]);
    house.cancel(two).await;
    house.after(&shared, chrono::TimeDelta::seconds(5)).await;
    house.after(&shared, chrono::TimeDelta::seconds(5)).await;
    assert!(!old.deletes().is_empty() && old.deletes().iter().all(|asked| asked.contains("/cedar/build/")));
    house.stop().await;
}

#[tokio::test]
async fn what_was_cancelled_at_the_master_is_cancelled_here() {
    let house = House::start().await;
    let Some(old) = Old::start(&house, "cancelling at the master").await else { return };
    let shared = old.share(&house);
    let (task, request) = old.asked(&house, &shared).await;
    old.scheduler.cancel_pending(request, old.now()).await;
    house.look(&shared).await;
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::Canceled))]);

    // After RETRY too, where a build remains that did not end like this.
    let (task, request) = old.asked(&house, &shared).await;
    let builds = old.scheduler.start(&[request], 1, old.now()).await;
    old.scheduler.stop(&builds, old.now()).await;
    old.scheduler.resubmit(&[request]).await;
    old.scheduler.cancel_pending(request, old.now()).await;
    house.look(&shared).await;
    house.look(&shared).await;
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(house.runs(task).await, [retried, (S::Exception, Some(R::Canceled))]);
    assert_eq!(old.deletes(), [""; 0]);
    house.stop().await;
}
