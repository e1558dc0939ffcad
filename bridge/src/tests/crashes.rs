//! The bridge is killed at every point at which it waits for anything: between any two writes, in the middle of any call.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};

use protocol::state::{ReasonResolved as R, TaskState as S};

use super::*;
use crate::{driver::BuildResult, reflector::Shared};

/// Polls a future as often as told, then drops it. True: it was through before.
async fn killed_after(polls: usize, work: impl Future<Output = ()>) -> bool {
    let mut work = pin!(work);
    let left = AtomicUsize::new(polls);
    std::future::poll_fn(move |context| {
        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
            return Poll::Ready(false);
        }
        work.as_mut().poll(context).map(|()| true)
    })
    .await
}

/// A whole life with one RETRY in it, in which the process dies once, after so many waits, at one stage.
async fn life(house: &House, stage: usize, polls: usize) -> bool {
    let fake = Fake::new(house.clock.clone());
    let master = format!("m{stage}-{polls}");
    let bridge = house.bridge();
    let share = || bridge.share(House::parts(&fake, &master, crate::MasterSettings::default())).unwrap();
    let task = house.pending_at(&master, serde_json::json!({"builderName": "linux"})).await;
    house.tell_at(&master, task, 0).await;
    let mut through = true;
    for now in 0..4 {
        if now == 1 || now == 3 {
            let request = fake.only_request();
            let result = if now == 1 { BuildResult::Retry } else { BuildResult::Success };
            let build = fake.start(request);
            house.look(&share()).await;
            fake.finish(build, result);
        }
        if now == stage {
            let shared: Shared = share();
            through = killed_after(polls, house.look(&shared)).await;
        }
        // What was sent before the end is carried out nevertheless.
        tokio::task::yield_now().await;
        house.clock.advance(chrono::TimeDelta::seconds(6));
        house.look(&share()).await;
    }
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(house.runs(task).await, [retried, (S::Completed, Some(R::Completed))], "stage {stage}, {polls} polls");
    assert_eq!((fake.forces(), fake.cancels().len()), (1, 0), "stage {stage}, {polls} polls");
    through
}

#[tokio::test]
async fn a_crash_anywhere_loses_nothing_and_builds_nothing_twice() {
    let house = House::start().await;
    let mut points = 0;
    for stage in [0, 1, 3] {
        let mut polls = 1;
        while !life(&house, stage, polls).await {
            // Further apart the further on, so that it takes seconds; no two runs wait at quite the same points.
            polls += 1 + polls / 10;
            points += 1;
            assert!(polls < 400, "stage {stage} does not come to an end");
        }
    }
    assert!(points > 30, "only {points} points were tried");
    house.stop().await;
}
