//! RETRY: the next run waits for the same request.

use chrono::TimeDelta;
use db::bridge::BridgeState;
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::driver::BuildResult;

#[tokio::test]
async fn the_next_run_is_bound_to_the_same_request_and_claimed_with_its_next_build() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    let request = fake.only_request();
    let first = fake.start(request);
    house.look(&shared).await;
    fake.finish(first, BuildResult::Retry);
    house.look(&shared).await;
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::WorkerShutdown)), (S::Pending, None)]);
    assert_eq!(house.tell(task, 1).await, 0, "the bridge bound it itself");
    house.look(&shared).await;
    assert_eq!(house.runs(task).await.len(), 2, "the old build is dealt with");
    let second = fake.start(request);
    house.look(&shared).await;
    fake.finish(second, BuildResult::Success);
    house.look(&shared).await;
    assert_eq!(house.runs(task).await[1], (S::Completed, Some(R::Completed)));
    assert_eq!(house.text(task, 0, "public/logs/live.log").await, format!("log {first}\n"));
    assert_eq!(house.text(task, 1, "public/logs/live.log").await, format!("log {second}\n"));
    assert_eq!(fake.forces(), 1);
    house.stop().await;
}

#[tokio::test]
async fn builds_that_nobody_saw_are_dealt_with_in_their_order() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    let request = fake.only_request();
    for result in [BuildResult::Retry, BuildResult::Retry, BuildResult::Failure] {
        fake.finish(fake.start(request), result);
    }
    house.look(&shared).await;
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(house.runs(task).await, [retried, retried, (S::Failed, Some(R::Failed))]);
    house.stop().await;
}

#[tokio::test]
async fn without_retries_left_the_request_is_cancelled() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.create(M, json!({"builderName": "linux"}), &["buildbot:build:m/linux"], 0).await;
    house.tell(task, 0).await;
    house.pass(&shared).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Retry);
    house.look(&shared).await;
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::WorkerShutdown))]);
    assert_eq!(fake.cancels(), [fake.only_request()]);
    house.look(&shared).await;
    assert_eq!(house.request(task).await.state, BridgeState::Resolved);
    house.stop().await;
}

#[tokio::test]
async fn a_claim_that_ran_out_while_the_bridge_was_down_goes_on_with_the_next_run() {
    for told in [true, false] {
        let house = House::start().await;
        let fake = Fake::new(house.clock.clone());
        let shared = house.share(&fake);
        let task = house.wanted().await;
        house.pass(&shared).await;
        let build = fake.start(fake.only_request());
        house.look(&shared).await;
        house.clock.advance(TimeDelta::hours(1));
        house.reflect().await;
        assert_eq!(house.runs(task).await, [(S::Exception, Some(R::ClaimExpired)), (S::Pending, None)]);
        if told {
            house.tell(task, 1).await;
        }
        let again = house.share(&fake);
        house.look(&again).await;
        assert_eq!(house.runs(task).await[1], (S::Running, None), "the build still runs");
        fake.finish(build, BuildResult::Success);
        house.look(&again).await;
        assert_eq!(house.runs(task).await[1], (S::Completed, Some(R::Completed)));
        assert_eq!((fake.forces(), fake.cancels().len()), (1, 0));
        house.stop().await;
    }
}

#[tokio::test]
async fn a_retry_while_the_claim_ran_out_costs_no_second_run() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    let request = fake.only_request();
    let build = fake.start(request);
    house.look(&shared).await;
    house.clock.advance(TimeDelta::hours(1));
    house.reflect().await;
    fake.finish(build, BuildResult::Retry);
    house.tell(task, 1).await;
    house.look(&shared).await;
    assert_eq!(house.runs(task).await.len(), 2);
    fake.finish(fake.start(request), BuildResult::Success);
    house.look(&shared).await;
    assert_eq!(house.runs(task).await[1], (S::Completed, Some(R::Completed)));
    house.stop().await;
}

#[tokio::test]
async fn a_rerun_of_an_ended_task_is_another_build() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    fake.finish(fake.start(fake.only_request()), BuildResult::Failure);
    house.look(&shared).await;
    house.queue.rerun_task(task).await.unwrap();
    for _ in 0..3 {
        house.tell(task, 1).await;
        house.pass(&shared).await;
    }
    let keys: Vec<String> = fake.state().orders.iter().map(|order| order.key.clone()).collect();
    assert_eq!(keys, [format!("{task}/0"), format!("{task}/1")]);
    house.stop().await;
}
