//! Nobody waits any more: at each point on the way, and with every trap.

use base::Clock;
use chrono::TimeDelta;
use db::bridge::{BridgeState, Wanted};
use protocol::state::{ReasonResolved as R, TaskState as S};

use super::*;
use crate::driver::BuildResult;

/// Cancelled by somebody at the queue; a request that is over at the master is closed here.
async fn is_closed(house: &House, task: protocol::id::TaskId) -> bool {
    house.request(task).await.state == BridgeState::Resolved
}

#[tokio::test]
async fn a_wish_that_was_never_posted_is_dropped_without_a_word() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.cancel(task).await;
    house.pass(&shared).await;
    assert!(is_closed(&house, task).await);
    assert_eq!((fake.forces(), fake.cancels().len()), (0, 0));
    house.stop().await;
}

#[tokio::test]
async fn a_task_that_ended_before_the_post_is_not_posted_though_nobody_told() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.queue.cancel_task(task).await.unwrap();
    house.pass(&shared).await;
    assert_eq!((is_closed(&house, task).await, fake.forces()), (true, 0));
    house.stop().await;
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_found_and_cancelled() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    fake.fault(Fault::LosesAnswers);
    let task = house.wanted().await;
    house.pass(&shared).await;
    assert_eq!(fake.forces(), 1);
    fake.fault(Fault::None);
    house.cancel(task).await;
    house.look(&shared).await;
    assert_eq!(fake.cancels(), [fake.only_request()]);
    house.after(&shared, TimeDelta::seconds(1)).await;
    assert!(is_closed(&house, task).await);
    house.stop().await;
}

#[tokio::test]
async fn an_unclear_post_is_looked_for_until_it_cannot_come_any_more() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let warm = house.wanted().await;
    house.pass(&shared).await;
    house.cancel(warm).await;
    house.pass(&shared).await;
    let task = house.wanted().await;
    let mut row = house.request(task).await;
    (row.attempts, row.tried) = (1, Some(house.clock.now()));
    house.db.bridge_save(&row, house.clock.now()).await.unwrap();
    house.cancel(task).await;
    house.pass(&shared).await;
    assert!(!is_closed(&house, task).await, "it may still come");
    house.after(&shared, TimeDelta::seconds(61)).await;
    assert!(is_closed(&house, task).await);
    assert_eq!(fake.absent_cancels(), 0);
    house.stop().await;
}

#[tokio::test]
async fn a_waiting_request_is_cancelled_at_once() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    house.cancel(task).await;
    house.pass(&shared).await;
    assert_eq!(fake.result_of(fake.only_request()), Some(BuildResult::Cancelled));
    house.look(&shared).await;
    assert!(is_closed(&house, task).await);
    assert_eq!(fake.cancels().len(), 1);
    house.stop().await;
}

#[tokio::test]
async fn trap_b_a_request_that_is_taken_after_it_was_read_is_let_alone_too() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    house.cancel(task).await;
    // Read together with others, then taken by a builder, and only then is its turn.
    fake.state().takes_after = Some((fake.only_request(), 1));
    house.pass(&shared).await;
    assert_eq!((fake.cancels().len(), fake.blocked()), (0, 0));
    let build = *fake.state().builds.keys().next().unwrap();
    fake.begin(build);
    house.look(&shared).await;
    assert_eq!((fake.cancels().len(), fake.blocked()), (1, 0));
    house.stop().await;
}

#[tokio::test]
async fn trap_b_a_request_just_taken_is_let_alone_until_its_build_begins_or_the_grace_is_over() {
    for begins in [true, false] {
        let house = House::start().await;
        let fake = Fake::new(house.clock.clone());
        let shared = house.share(&fake);
        let task = house.wanted().await;
        house.pass(&shared).await;
        let build = fake.take(fake.only_request());
        house.cancel(task).await;
        house.pass(&shared).await;
        house.after(&shared, TimeDelta::seconds(2)).await;
        assert_eq!(fake.cancels().len(), 0, "it is just being taken");
        if begins {
            fake.begin(build);
            house.look(&shared).await;
        } else {
            house.after(&shared, TimeDelta::seconds(4)).await;
        }
        assert_eq!((fake.cancels().len(), fake.blocked()), (1, usize::from(!begins)));
        house.stop().await;
    }
}

#[tokio::test]
async fn a_running_build_is_cancelled_and_keeps_its_files() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    fake.start(fake.only_request());
    house.look(&shared).await;
    house.cancel(task).await;
    house.pass(&shared).await;
    house.look(&shared).await;
    assert!(is_closed(&house, task).await);
    assert_eq!(house.runs(task).await, [(S::Exception, Some(R::Canceled))]);
    assert!(house.files(task, 0).await.contains(&"public/logs/live_backing.log".to_owned()));
    house.stop().await;
}

#[tokio::test]
async fn a_build_that_ended_meanwhile_is_not_cancelled() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    let build = fake.start(fake.only_request());
    house.look(&shared).await;
    fake.finish(build, BuildResult::Success);
    house.cancel(task).await;
    house.pass(&shared).await;
    assert!(is_closed(&house, task).await);
    assert_eq!(fake.cancels().len(), 0);
    house.stop().await;
}

#[tokio::test]
async fn trap_a_a_number_that_the_master_does_not_have_is_never_cancelled() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    fake.begin_anew();
    house.cancel(task).await;
    house.pass(&shared).await;
    assert!(is_closed(&house, task).await);
    assert_eq!(fake.absent_cancels(), 0);
    house.stop().await;
}

#[tokio::test]
async fn a_deaf_master_is_asked_again_every_half_minute() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    fake.state().deaf = true;
    house.cancel(task).await;
    for _ in 0..10 {
        house.after(&shared, TimeDelta::seconds(10)).await;
    }
    let asked = fake.cancels().len();
    assert!((3..=4).contains(&asked), "{asked} times in 100 s");
    fake.state().deaf = false;
    house.after(&shared, TimeDelta::seconds(31)).await;
    house.look(&shared).await;
    assert!(is_closed(&house, task).await);
    house.stop().await;
}

#[tokio::test]
async fn a_cancel_that_nobody_told_of_is_seen_at_the_next_look() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    house.queue.cancel_task(task).await.unwrap();
    house.look(&shared).await;
    assert_eq!(fake.cancels(), [fake.only_request()]);
    house.stop().await;
}

#[tokio::test]
async fn at_the_deadline_builds_are_cancelled_without_a_word_of_the_queue() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let (waits, runs) = (house.wanted().await, house.wanted().await);
    house.pass(&shared).await;
    fake.start(house.request(runs).await.request_id.unwrap());
    house.look(&shared).await;
    house.clock.advance(TimeDelta::hours(12) + TimeDelta::seconds(61));
    house.pass(&shared).await;
    assert_eq!(fake.cancels().len(), 2);
    house.look(&shared).await;
    assert!(is_closed(&house, waits).await && is_closed(&house, runs).await);
    house.stop().await;
}

#[tokio::test]
async fn a_request_cancelled_at_the_master_cancels_its_task() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let (waits, runs) = (house.wanted().await, house.wanted().await);
    house.pass(&shared).await;
    fake.complete(house.request(waits).await.request_id.unwrap(), BuildResult::Cancelled);
    let build = fake.start(house.request(runs).await.request_id.unwrap());
    house.look(&shared).await;
    fake.finish(build, BuildResult::Cancelled);
    house.look(&shared).await;
    for task in [waits, runs] {
        assert_eq!(house.runs(task).await, [(S::Exception, Some(R::Canceled))]);
        assert!(is_closed(&house, task).await);
    }
    assert_eq!(fake.cancels().len(), 0);
    house.stop().await;
}

#[tokio::test]
async fn a_rerun_after_a_cancel_gets_a_request_of_its_own() {
    let house = House::start().await;
    let fake = Fake::new(house.clock.clone());
    let shared = house.share(&fake);
    let task = house.wanted().await;
    house.pass(&shared).await;
    fake.state().deaf = true;
    house.cancel(task).await;
    house.queue.rerun_task(task).await.unwrap();
    house.tell(task, 1).await;
    house.pass(&shared).await;
    let rows = house.db.bridge_requests_of(task).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.wanted).collect::<Vec<_>>(), [Wanted::Cancel, Wanted::Run]);
    assert_eq!(fake.forces(), 2);
    fake.finish(fake.start(rows[1].request_id.unwrap()), BuildResult::Success);
    house.look(&shared).await;
    assert_eq!(house.runs(task).await[1], (S::Completed, Some(R::Completed)));
    house.stop().await;
}
