//! Nobody waits any more: at each point on the way, and with every trap.

use base::Clock;
use chrono::TimeDelta;
use db::bridge::{BridgeState, Wanted};
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::*;
use crate::driver::BuildResult;

/// Cancelled by somebody at the queue; a request that is over at the master is closed here.
async fn is_closed(env: &TestEnv, task: protocol::id::TaskId) -> bool {
    env.request(task).await.state == BridgeState::Resolved
}

#[tokio::test]
async fn a_wish_that_was_never_posted_is_dropped_without_a_word() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.cancel(task).await;
    env.pass(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!((fake.forces(), fake.cancels().len()), (0, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_task_that_ended_before_the_post_is_not_posted_though_nobody_told() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.queue.cancel_task(task).await.unwrap();
    env.pass(&shared).await;
    assert_eq!((is_closed(&env, task).await, fake.forces()), (true, 0));
    env.stop().await;
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_found_and_cancelled() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    fake.fault(Fault::LosesAnswers);
    let task = env.wanted().await;
    env.pass(&shared).await;
    assert_eq!(fake.forces(), 1);
    fake.fault(Fault::None);
    env.cancel(task).await;
    env.look(&shared).await;
    assert_eq!(fake.cancels(), [fake.only_request()]);
    env.after(&shared, TimeDelta::seconds(1)).await;
    assert!(is_closed(&env, task).await);
    env.stop().await;
}

#[tokio::test]
async fn an_unclear_post_is_looked_for_until_it_cannot_come_any_more() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let warm = env.wanted().await;
    env.pass(&shared).await;
    env.cancel(warm).await;
    env.pass(&shared).await;
    let task = env.wanted().await;
    let mut row = env.request(task).await;
    (row.attempts, row.tried) = (1, Some(env.clock.now()));
    env.db.bridge_save(&row, env.clock.now()).await.unwrap();
    env.cancel(task).await;
    env.pass(&shared).await;
    assert!(!is_closed(&env, task).await, "it may still come");
    env.after(&shared, TimeDelta::seconds(61)).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.absent_cancels(), 0);
    env.stop().await;
}

#[tokio::test]
async fn a_waiting_request_is_cancelled_at_once() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    env.cancel(task).await;
    env.pass(&shared).await;
    assert_eq!(fake.result_of(fake.only_request()), Some(BuildResult::Cancelled));
    env.look(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.cancels().len(), 1);
    env.stop().await;
}

#[tokio::test]
async fn trap_b_a_request_that_is_taken_after_it_was_read_is_let_alone_too() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    env.cancel(task).await;
    // Read together with others, then taken by a builder, and only then is its turn.
    fake.state().takes_after = Some((fake.only_request(), 1));
    env.pass(&shared).await;
    assert_eq!((fake.cancels().len(), fake.blocked()), (0, 0));
    let build = *fake.state().builds.keys().next().unwrap();
    fake.begin(build);
    env.look(&shared).await;
    assert_eq!((fake.cancels().len(), fake.blocked()), (1, 0));
    env.stop().await;
}

#[tokio::test]
async fn trap_b_a_request_just_taken_is_let_alone_until_its_build_begins_or_the_grace_is_over() {
    for begins in [true, false] {
        let env = TestEnv::start().await;
        let fake = Fake::new(env.clock.clone());
        let shared = env.share(&fake);
        let task = env.wanted().await;
        env.pass(&shared).await;
        let build = fake.take(fake.only_request());
        env.cancel(task).await;
        env.pass(&shared).await;
        env.after(&shared, TimeDelta::seconds(2)).await;
        assert_eq!(fake.cancels().len(), 0, "it is just being taken");
        if begins {
            fake.begin(build);
            env.look(&shared).await;
        } else {
            env.after(&shared, TimeDelta::seconds(4)).await;
        }
        assert_eq!((fake.cancels().len(), fake.blocked()), (1, usize::from(!begins)));
        env.stop().await;
    }
}

#[tokio::test]
async fn a_running_build_is_cancelled_and_keeps_its_files() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    fake.start(fake.only_request());
    env.look(&shared).await;
    env.cancel(task).await;
    env.pass(&shared).await;
    env.look(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(env.runs(task).await, [(S::Exception, Some(R::Canceled))]);
    assert!(env.files(task, 0).await.contains(&"public/logs/live_backing.log".to_owned()));
    env.stop().await;
}

#[tokio::test]
async fn a_build_that_ended_meanwhile_is_not_cancelled() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    let build = fake.start(fake.only_request());
    env.look(&shared).await;
    fake.finish(build, BuildResult::Success);
    env.cancel(task).await;
    env.pass(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.cancels().len(), 0);
    env.stop().await;
}

#[tokio::test]
async fn trap_a_a_number_that_the_master_does_not_have_is_never_cancelled() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    fake.begin_anew();
    env.cancel(task).await;
    env.pass(&shared).await;
    assert!(is_closed(&env, task).await);
    assert_eq!(fake.absent_cancels(), 0);
    env.stop().await;
}

#[tokio::test]
async fn a_deaf_master_is_asked_again_every_half_minute() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    fake.state().deaf = true;
    env.cancel(task).await;
    for _ in 0..10 {
        env.after(&shared, TimeDelta::seconds(10)).await;
    }
    let asked = fake.cancels().len();
    assert!((3..=4).contains(&asked), "{asked} times in 100 s");
    fake.state().deaf = false;
    env.after(&shared, TimeDelta::seconds(31)).await;
    env.look(&shared).await;
    assert!(is_closed(&env, task).await);
    env.stop().await;
}

#[tokio::test]
async fn a_cancel_that_nobody_told_of_is_seen_at_the_next_look() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    env.queue.cancel_task(task).await.unwrap();
    env.look(&shared).await;
    assert_eq!(fake.cancels(), [fake.only_request()]);
    env.stop().await;
}

#[tokio::test]
async fn at_the_deadline_builds_are_cancelled_without_a_word_of_the_queue() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let (waits, runs) = (env.wanted().await, env.wanted().await);
    env.pass(&shared).await;
    fake.start(env.request(runs).await.request_id.unwrap());
    env.look(&shared).await;
    env.clock.advance(TimeDelta::hours(12) + TimeDelta::seconds(61));
    env.pass(&shared).await;
    assert_eq!(fake.cancels().len(), 2);
    env.look(&shared).await;
    assert!(is_closed(&env, waits).await && is_closed(&env, runs).await);
    env.stop().await;
}

#[tokio::test]
async fn a_request_cancelled_at_the_master_cancels_its_task() {
    let env = TestEnv::start().await;
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let (waits, runs) = (env.wanted().await, env.wanted().await);
    env.pass(&shared).await;
    fake.complete(env.request(waits).await.request_id.unwrap(), BuildResult::Cancelled);
    let build = fake.start(env.request(runs).await.request_id.unwrap());
    env.look(&shared).await;
    fake.finish(build, BuildResult::Cancelled);
    env.look(&shared).await;
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
    let fake = Fake::new(env.clock.clone());
    let shared = env.share(&fake);
    let task = env.wanted().await;
    env.pass(&shared).await;
    fake.state().deaf = true;
    env.cancel(task).await;
    env.queue.rerun_task(task).await.unwrap();
    env.tell(task, 1).await;
    env.pass(&shared).await;
    let rows = env.db.bridge_requests_of(task).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.wanted).collect::<Vec<_>>(), [Wanted::Cancel, Wanted::Run]);
    assert_eq!(fake.forces(), 2);
    fake.finish(fake.start(rows[1].request_id.unwrap()), BuildResult::Success);
    env.look(&shared).await;
    assert_eq!(env.runs(task).await[1], (S::Completed, Some(R::Completed)));
    env.stop().await;
}
