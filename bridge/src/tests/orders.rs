//! Whatever the order in which words of the queue and of the master arrive, and whichever are lost or doubled, a task ends
//! the same way.

use proptest::prelude::*;
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::driver::BuildResult;

/// Something that happens, or that somebody hears.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Word {
    /// `task-pending` of a run, perhaps not for the first time, perhaps late.
    Pending(i16),
    /// The master's next own step: a build starts, ends with RETRY, starts, ends well.
    Master,
    /// Something of the master, or a timer, makes the bridge look.
    Look,
    /// The bridge starts again.
    Restart,
}

fn words() -> impl Strategy<Value = Vec<Word>> {
    let word = prop_oneof![
        3 => (0..2_i16).prop_map(Word::Pending),
        4 => Just(Word::Master),
        4 => Just(Word::Look),
        1 => Just(Word::Restart),
    ];
    prop::collection::vec(word, 0..16)
}

async fn play(house: &House, number: usize, words: &[Word]) {
    let (fake, master) = (Fake::new(house.clock.clone()), format!("m{number}"));
    let bridge = house.bridge();
    let share = || bridge.share(House::parts(&fake, &master, crate::MasterSettings::default())).unwrap();
    let mut shared = share();
    let task = house.pending_at(&master, json!({"builderName": "linux"})).await;
    let (mut steps, mut build) = (0, 0);
    let mut go_on = |fake: &Fake| {
        if fake.forces() == 0 {
            return false;
        }
        match steps {
            0 | 2 => build = fake.start(fake.only_request()),
            1 => fake.finish(build, BuildResult::Retry),
            3 => fake.finish(build, BuildResult::Success),
            _ => return false,
        }
        steps += 1;
        true
    };
    for word in words {
        match word {
            // Nobody tells of a run that does not exist.
            Word::Pending(run) => {
                if house.status(task).await.run(*run).is_some() {
                    house.tell_at(&master, task, *run).await;
                }
            }
            Word::Master => drop(go_on(&fake)),
            Word::Look => house.look(&shared).await,
            Word::Restart => shared = share(),
        }
    }
    // The sweep of the pending list finds what no message told of, and the reflector's sweep what no event told of.
    house.tell_at(&master, task, 0).await;
    house.look(&shared).await;
    while go_on(&fake) {}
    house.look(&shared).await;
    let retried = (S::Exception, Some(R::WorkerShutdown));
    assert_eq!(house.runs(task).await, [retried, (S::Completed, Some(R::Completed))], "{words:?}");
    assert_eq!((fake.forces(), fake.cancels().len()), (1, 0), "{words:?}");
    let row = house.request(task).await;
    assert_eq!((row.state, row.run_id), (db::bridge::BridgeState::Resolved, 1), "{words:?}");
}

#[test]
fn every_order_of_the_two_streams_ends_in_the_same_state() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let house = runtime.block_on(House::start());
    let plays = std::sync::atomic::AtomicUsize::new(0);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 60, ..ProptestConfig::default() });
    let played = runner.run(&words(), |words| {
        let number = plays.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        runtime.block_on(play(&house, number, &words));
        Ok(())
    });
    played.unwrap();
    runtime.block_on(house.stop());
}
