//! The bridge is killed at every point at which it waits for anything: between any two writes, in the middle of any call.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};

use base::Clock;
use db::bridge::BridgeState;
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::driver::BuildResult;

/// Polls a future that many times, then drops it. True: it was through before.
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

/// A build with one RETRY, during which the process dies once, after so many polls, at one stage.
async fn build_with_crash(env: &TestEnv, stage: usize, polls: usize) -> bool {
    let fake = FakeMaster::new(env.clock.clone());
    let master = format!("m{stage}-{polls}");
    let bridge = env.bridge();
    let share = || bridge.shared(TestEnv::parts(&fake, &master, crate::MasterSettings::default())).unwrap();
    let task = env.pending_at(&master, json!({"builderName": "linux"})).await;
    env.add_pending_at(&master, task, 0).await;
    let mut through = true;
    for now in 0..4 {
        if now == 1 || now == 3 {
            let request = fake.only_request();
            let result = if now == 1 { BuildResult::Retry } else { BuildResult::Success };
            let build = fake.start(request);
            env.check_all(&share()).await;
            fake.finish(build, result);
        }
        if now == stage {
            through = killed_after(polls, env.check_all(&share())).await;
        }
        // What was sent before the crash is carried out nevertheless.
        tokio::task::yield_now().await;
        env.clock.advance(chrono::TimeDelta::seconds(6));
        env.check_all(&share()).await;
    }
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(env.runs(task).await, [retried, (S::Completed, Some(R::Completed))], "stage {stage}, {polls} polls");
    assert_eq!((fake.created(), fake.cancels().len()), (1, 0), "stage {stage}, {polls} polls");
    through
}

/// A build that is cancelled at the queue, before it starts or while it runs.
async fn cancel_with_crash(env: &TestEnv, runs: bool, stage: usize, polls: usize) -> bool {
    let fake = FakeMaster::new(env.clock.clone());
    let master = format!("c{runs}-{stage}-{polls}");
    let bridge = env.bridge();
    let share = || bridge.shared(TestEnv::parts(&fake, &master, crate::MasterSettings::default())).unwrap();
    let task = env.pending_at(&master, json!({"builderName": "linux"})).await;
    env.add_pending_at(&master, task, 0).await;
    let mut through = true;
    for now in 0..2 {
        if now == 1 {
            if runs {
                fake.start(fake.only_request());
                env.check_all(&share()).await;
            }
            env.queue.cancel_task(task).await.unwrap();
            env.db.bridge_mark_cancelled(&master, &[(task, 0)], env.clock.now()).await.unwrap();
        }
        if now == stage {
            through = killed_after(polls, env.check_all(&share())).await;
        }
        tokio::task::yield_now().await;
        env.clock.advance(chrono::TimeDelta::seconds(6));
        env.check_all(&share()).await;
    }
    // The master reports the cancel.
    env.check_all(&share()).await;
    let place = format!("runs: {runs}, stage {stage}, {polls} polls");
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::Canceled))], "{place}");
    assert_eq!(fake.result_of(fake.only_request()), Some(BuildResult::Cancelled), "{place}");
    assert_eq!((fake.cancels().len(), fake.absent_cancels(), fake.blocked()), (1, 0, 0), "{place}");
    assert_eq!(env.request(task).await.state, BridgeState::Resolved, "{place}");
    through
}

/// A task that cannot be a build.
async fn refusal_with_crash(env: &TestEnv, polls: usize) -> bool {
    let fake = FakeMaster::new(env.clock.clone());
    let master = format!("r{polls}");
    let bridge = env.bridge();
    let share = || bridge.shared(TestEnv::parts(&fake, &master, crate::MasterSettings::default())).unwrap();
    let task = env.pending_at(&master, json!({"builderName": "nowhere"})).await;
    env.add_pending_at(&master, task, 0).await;
    let through = killed_after(polls, env.check_all(&share())).await;
    tokio::task::yield_now().await;
    env.clock.advance(chrono::TimeDelta::seconds(6));
    env.check_all(&share()).await;
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::MalformedPayload))], "{polls} polls");
    assert!(env.text(task, 0, "public/logs/live.log").await.contains("no builder `nowhere`"), "{polls} polls");
    assert_eq!((fake.created(), env.request(task).await.state), (0, BridgeState::Resolved), "{polls} polls");
    through
}

/// Runs the scenario repeatedly, with the crash ever later, until the scenario ends before the crash.
/// The distance between the crashes grows, so that it takes seconds. Two runs need not poll equally often.
async fn at_every_point(scenario: impl AsyncFn(usize) -> bool) {
    let (mut polls, mut points) = (1, 0);
    while !scenario(polls).await {
        polls += 1 + polls / 10;
        points += 1;
        assert!(polls < 400, "the scenario does not end");
    }
    assert!(points >= 3, "only {points} points were tried");
}

#[tokio::test]
async fn a_crash_anywhere_loses_nothing_and_builds_nothing_twice() {
    let env = TestEnv::start().await;
    for stage in [0, 1, 3] {
        at_every_point(async |polls| build_with_crash(&env, stage, polls).await).await;
    }
    env.stop().await;
}

#[tokio::test]
async fn a_crash_anywhere_cancels_a_build_once_and_closes_its_request() {
    let env = TestEnv::start().await;
    for (runs, stage) in [(false, 0), (false, 1), (true, 1)] {
        at_every_point(async |polls| cancel_with_crash(&env, runs, stage, polls).await).await;
    }
    env.stop().await;
}

#[tokio::test]
async fn a_crash_anywhere_still_ends_what_cannot_be_a_build_as_malformed() {
    let env = TestEnv::start().await;
    at_every_point(async |polls| refusal_with_crash(&env, polls).await).await;
    env.stop().await;
}
