//! Cancels at each stage, and the bugs of Buildbot.

use base::Clock;
use chrono::TimeDelta;
use db::bridge::{BridgeState, Intent};
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::*;
use crate::driver::BuildResult;

/// Cancelled by somebody at the queue; a request that is over at the master is closed here.
async fn is_closed(env: &TestEnv, task: protocol::id::TaskId) -> bool {
    env.request(task).await.state == BridgeState::Resolved
}

#[tokio::test]
async fn a_pending_create_is_closed_without_a_call_when_its_task_is_cancelled() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.cancel(task).await;
    env.run_until_idle(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!((fake.created(), fake.cancels().len()), (0, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_task_that_ended_without_an_event_is_not_created() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.queue.cancel_task(task).await.unwrap();
    env.run_until_idle(&shared).await;
    assert_eq!((is_closed(&env, task).await, fake.created()), (true, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_found_and_cancelled() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    fake.set_fault(Fault::LosesAnswers);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    assert_eq!(fake.created(), 1);
    fake.set_fault(Fault::None);
    env.cancel(task).await;
    env.check_all(&shared).await;
    assert_eq!(fake.cancels(), [fake.only_request()]);
    env.advance(&shared, TimeDelta::seconds(1)).await;
    assert!(is_closed(&env, task).await);
    env.stop().await;
}

#[tokio::test]
async fn an_unconfirmed_create_is_looked_up_until_it_cannot_be_in_flight_any_more() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let warm = env.known_task().await;
    env.run_until_idle(&shared).await;
    env.cancel(warm).await;
    env.run_until_idle(&shared).await;
    let task = env.known_task().await;
    let mut row = env.request(task).await;
    (row.attempts, row.last_attempt) = (1, Some(env.clock.now()));
    env.db.bridge_save(&row, env.clock.now()).await.unwrap();
    env.cancel(task).await;
    env.run_until_idle(&shared).await;
    assert!(!is_closed(&env, task).await, "it may still come");
    env.advance(&shared, TimeDelta::seconds(61)).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.absent_cancels(), 0);
    env.stop().await;
}

#[tokio::test]
async fn a_waiting_request_is_cancelled_at_once() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    env.cancel(task).await;
    env.run_until_idle(&shared).await;
    assert_eq!(fake.result_of(fake.only_request()), Some(BuildResult::Cancelled));
    env.check_all(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.cancels().len(), 1);
    env.stop().await;
}

#[tokio::test]
async fn a_request_that_is_claimed_after_it_was_read_is_not_cancelled() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    env.cancel(task).await;
    // Read with a group, then claimed by a builder, then reconciled.
    fake.state().claim_after = Some((fake.only_request(), 1));
    env.run_until_idle(&shared).await;
    assert_eq!((fake.cancels().len(), fake.blocked()), (0, 0));
    let build = *fake.state().builds.keys().next().unwrap();
    fake.begin(build);
    env.check_all(&shared).await;
    assert_eq!((fake.cancels().len(), fake.blocked()), (1, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_request_just_claimed_is_not_cancelled_until_its_build_begins_or_the_grace_ends() {
    for begins in [true, false] {
        let env = TestEnv::start().await;
        let fake = FakeMaster::new(env.clock.clone());
        let shared = env.shared(&fake);
        let task = env.known_task().await;
        env.run_until_idle(&shared).await;
        let build = fake.claim(fake.only_request());
        env.cancel(task).await;
        env.run_until_idle(&shared).await;
        env.advance(&shared, TimeDelta::seconds(2)).await;
        assert_eq!(fake.cancels().len(), 0, "it was just claimed");
        if begins {
            fake.begin(build);
            env.check_all(&shared).await;
        } else {
            env.advance(&shared, TimeDelta::seconds(4)).await;
        }
        assert_eq!((fake.cancels().len(), fake.blocked()), (1, usize::from(!begins)));
        env.stop().await;
    }
}

#[tokio::test]
async fn a_running_build_is_cancelled_and_keeps_its_artifacts() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.start(fake.only_request());
    env.check_all(&shared).await;
    env.cancel(task).await;
    env.run_until_idle(&shared).await;
    env.check_all(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::Canceled))]);
    assert!(env.files(task, 0).await.contains(&"public/logs/live_backing.log".to_owned()));
    env.stop().await;
}

#[tokio::test]
async fn a_build_that_ended_meanwhile_is_not_cancelled() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    let build = fake.start(fake.only_request());
    env.check_all(&shared).await;
    fake.finish(build, BuildResult::Success);
    env.cancel(task).await;
    env.run_until_idle(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.cancels().len(), 0);
    env.stop().await;
}

#[tokio::test]
async fn an_id_that_the_master_does_not_have_is_never_cancelled() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.reset_database();
    env.cancel(task).await;
    env.run_until_idle(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.absent_cancels(), 0);
    env.stop().await;
}

#[tokio::test]
async fn a_cancel_without_effect_is_repeated_every_half_minute() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.state().ignores_cancels = true;
    env.cancel(task).await;
    for _ in 0..10 {
        env.advance(&shared, TimeDelta::seconds(10)).await;
    }
    let asked = fake.cancels().len();
    assert!((3..=4).contains(&asked), "{asked} times in 100 s");
    fake.state().ignores_cancels = false;
    env.advance(&shared, TimeDelta::seconds(31)).await;
    env.check_all(&shared).await;
    assert!(is_closed(&env, task).await);
    env.stop().await;
}

#[tokio::test]
async fn a_cancel_without_an_event_is_found_by_the_next_check() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    env.queue.cancel_task(task).await.unwrap();
    env.check_all(&shared).await;
    assert_eq!(fake.cancels(), [fake.only_request()]);
    env.stop().await;
}

#[tokio::test]
async fn at_the_deadline_builds_are_cancelled_without_an_event_of_the_queue() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let (waits, runs) = (env.known_task().await, env.known_task().await);
    env.run_until_idle(&shared).await;
    fake.start(env.request(runs).await.request_id.unwrap());
    env.check_all(&shared).await;
    env.clock.advance(TimeDelta::hours(12) + TimeDelta::seconds(61));
    env.run_until_idle(&shared).await;
    assert_eq!(fake.cancels().len(), 2);
    env.check_all(&shared).await;
    assert!(is_closed(&env, waits).await && is_closed(&env, runs).await);
    env.stop().await;
}

#[tokio::test]
async fn a_request_cancelled_at_the_master_cancels_its_task() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let (waits, runs) = (env.known_task().await, env.known_task().await);
    env.run_until_idle(&shared).await;
    fake.complete(env.request(waits).await.request_id.unwrap(), BuildResult::Cancelled);
    let build = fake.start(env.request(runs).await.request_id.unwrap());
    env.check_all(&shared).await;
    fake.finish(build, BuildResult::Cancelled);
    env.check_all(&shared).await;
    for task in [waits, runs] {
        assert_eq!(env.runs(task).await, [(S::Exception, Some(R::Canceled))]);
        assert!(is_closed(&env, task).await);
    }
    assert_eq!(fake.cancels().len(), 0);
    env.stop().await;
}

#[tokio::test]
async fn a_rerun_after_a_cancel_gets_a_request_of_its_own() {
    let env = TestEnv::start().await;
    let fake = FakeMaster::new(env.clock.clone());
    let shared = env.shared(&fake);
    let task = env.known_task().await;
    env.run_until_idle(&shared).await;
    fake.state().ignores_cancels = true;
    env.cancel(task).await;
    env.queue.rerun_task(task).await.unwrap();
    env.add_pending(task, 1).await;
    env.run_until_idle(&shared).await;
    let rows = env.db.bridge_requests_of(task).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.intent).collect::<Vec<_>>(), [Intent::Cancel, Intent::Run]);
    assert_eq!(fake.created(), 2);
    fake.finish(fake.start(rows[1].request_id.unwrap()), BuildResult::Success);
    env.check_all(&shared).await;
    assert_eq!(env.runs(task).await[1], (S::Completed, Some(R::Completed)));
    env.stop().await;
}
