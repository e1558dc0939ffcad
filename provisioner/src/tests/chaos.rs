//! Processes that die or freeze at each point, and providers that answer late, twice or never.

use proptest::{prelude::*, strategy::ValueTree};

use super::{fake::Answer, *};
use crate::decision::FailureClass;

#[tokio::test]
async fn a_process_that_dies_in_its_call_doubles_nothing() {
    for (answer, expected_calls) in [(Answer::HangsBefore, 2), (Answer::HangsAfter, 1)] {
        let env = TestEnv::start().await;
        env.pool(10, 3).await;
        env.decide().await;
        env.fake.next(&[answer]);
        let mut launcher = env.launcher();
        launcher.run().await.unwrap();
        env.fake.hangs.notified().await;
        drop(launcher);

        env.wake().await;
        assert_eq!(env.decide().await, 0, "its launch is supply");
        env.launch().await;
        assert_eq!(env.fake.calls(), 1, "its lease holds");
        env.clock.advance(LATER);
        env.launch().await;
        assert_eq!((env.fake.running(), env.fake.calls()), (3, expected_calls), "{answer:?}");
        assert_eq!((env.workers("true").await, env.states().await), (3, vec![LaunchState::Settled]));
    }
}

#[tokio::test]
async fn a_call_that_takes_long_stays_with_its_launcher_and_one_that_is_stopped_does_not() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.decide().await;
    env.fake.next(&[Answer::HangsBefore]);
    let mut launcher = env.launcher();
    launcher.run().await.unwrap();
    env.fake.hangs.notified().await;
    for _ in 0..8 {
        env.clock.advance(TimeDelta::seconds(5));
        launcher.run().await.unwrap();
        env.launch().await;
    }
    assert_eq!((env.fake.calls(), env.states().await), (1, vec![LaunchState::Calling]));
    launcher.stop().await;
    env.launch().await;
    assert_eq!((env.fake.running(), env.fake.calls()), (3, 2), "it is handed over at once");
    assert_eq!(env.states().await, [LaunchState::Settled]);
}

#[tokio::test]
async fn a_process_that_dies_after_its_decision_leaves_a_launch_to_others() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.decide().await;
    env.launch().await;
    assert_eq!((env.fake.running(), env.workers("true").await), (3, 3));
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_before_the_call_is_repeated() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.fake.next(&[Answer::Lost]);
    env.decide().await;
    env.launch().await;
    assert_eq!(env.states().await, [LaunchState::Unknown]);
    env.clock.advance(LATER);
    env.launch().await;
    assert_eq!((env.fake.running(), env.fake.calls(), env.workers("true").await), (3, 1, 3));
}

#[tokio::test]
async fn a_repeat_after_a_stale_look_makes_no_second_machines() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.fake.next(&[Answer::Lost]);
    env.decide().await;
    env.launch().await;
    env.fake.stale(true);
    env.clock.advance(LATER);
    env.launch().await;
    assert_eq!((env.fake.running(), env.fake.calls(), env.workers("true").await), (3, 2, 3));
}

#[tokio::test]
async fn a_launch_that_is_never_answered_is_given_up_and_replaced() {
    let env = TestEnv::start().await;
    env.pool(10, 3).await;
    env.fake.next(&[Answer::Nothing; 40]);
    env.decide().await;
    for _ in 0..12 {
        env.launch().await;
        env.wake().await;
        assert_eq!(env.decide().await, 0, "it is supply until it is given up");
        env.clock.advance(LATER);
    }
    env.clock.advance(TimeDelta::minutes(2));
    env.launch().await;
    assert_eq!(env.states().await, [LaunchState::Failed]);
    env.wake().await;
    assert_eq!(env.decide().await, 1);
}

/// What may happen between two looks at the invariants.
#[derive(Clone, Debug)]
enum Event {
    Tasks(i32),
    Decide,
    Launch,
    LaunchAndDie(bool),
    Answers(Vec<u8>),
    MachinesEnd,
    Check,
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (1..8_i32).prop_map(Event::Tasks),
        Just(Event::Decide),
        Just(Event::Decide),
        Just(Event::Launch),
        Just(Event::Launch),
        any::<bool>().prop_map(Event::LaunchAndDie),
        prop::collection::vec(0..5_u8, 1..3).prop_map(Event::Answers),
        Just(Event::MachinesEnd),
        Just(Event::Check),
        (1..200_i64).prop_map(Event::Wait),
    ]
}

fn answer(number: u8) -> Answer {
    match number {
        0 => Answer::Lost,
        1 => Answer::Nothing,
        2 => Answer::Refused(FailureClass::Capacity),
        3 => Answer::Refused(FailureClass::Throttle),
        _ => Answer::Refused(FailureClass::Config),
    }
}

const MAX: i32 = 9;

/// Whatever happens in whatever order: at every commit capacity and open launches are within the pool's maximum (N1), no launch makes
/// machines twice (N3), and afterwards nothing runs that nobody knows (N6).
#[tokio::test]
async fn invariants_hold_in_any_order_of_events() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for case in 0..12 {
        let events = prop::collection::vec(event(), 20..50).new_tree(&mut runner).unwrap().current();
        let env = TestEnv::start().await;
        env.pool(MAX, 0).await;
        for (at, event) in events.iter().enumerate() {
            apply(&env, event).await;
            let over = format!(
                "select from (select coalesce((select sum(capacity) from pool_worker where state < 3), 0)
                   + coalesce((select sum(capacity) from launch where state < 3), 0) as total) s where s.total > {MAX}"
            );
            assert_eq!(env.database.run(&over).await, 0, "case {case}, event {at} of {events:?}");
        }
        settle_down(&env).await;
        let running = u64::try_from(env.fake.running()).unwrap();
        assert_eq!(running, env.workers("state < 3").await, "case {case}: {events:?}");
        assert!(running <= u64::try_from(MAX).unwrap(), "case {case}: {events:?}");
    }
}

async fn apply(env: &TestEnv, event: &Event) {
    match event {
        Event::Tasks(count) => env.pending(*count).await,
        Event::Decide => {
            env.wake().await;
            env.decide().await;
        }
        Event::Launch => env.launch().await,
        Event::LaunchAndDie(is_after) => {
            let before = env.fake.calls();
            env.fake.next(&[if *is_after { Answer::HangsAfter } else { Answer::HangsBefore }]);
            let mut launcher = env.launcher();
            launcher.run().await.unwrap();
            // There may have been nothing to launch, or other answers came first.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            drop((launcher, before));
        }
        Event::Answers(numbers) => env.fake.next(&numbers.iter().map(|it| answer(*it)).collect::<Vec<_>>()),
        Event::MachinesEnd => env.fake.end_all(),
        Event::Check => env.check().await,
        Event::Wait(seconds) => env.clock.advance(TimeDelta::seconds(*seconds)),
    }
}

/// No more faults, until everything that was under way has ended.
async fn settle_down(env: &TestEnv) {
    env.fake.forget_answers();
    for _ in 0..20 {
        env.clock.advance(TimeDelta::minutes(2));
        env.launch().await;
        env.check().await;
        env.sweep().await;
    }
}
