//! Whatever the order of events of the queue and of the master, and whichever are lost or repeated, a task ends
//! the same way.

use base::{Clock, Seed};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use protocol::state::{ReasonResolved as R, TaskState as S};
use serde_json::json;

use super::*;
use crate::driver::BuildResult;

/// Something that happens, or is received.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Word {
    /// `task-pending` of a run, perhaps not for the first time, perhaps late.
    Pending(i16),
    /// The master's next own step: a build starts, ends with RETRY, starts, ends well.
    Master,
    /// Somebody cancels the task.
    Cancel,
    /// `task-exception` of the cancelled run, perhaps not for the first time.
    Canceled,
    /// An event of the master, or a timer, makes the bridge check.
    Check,
    /// The bridge starts again.
    Restart,
}

fn words() -> impl Strategy<Value = Vec<Word>> {
    let word = prop_oneof![
        3 => (0..2_i16).prop_map(Word::Pending),
        4 => Just(Word::Master),
        4 => Just(Word::Check),
        1 => Just(Word::Restart),
        1 => Just(Word::Cancel),
        1 => Just(Word::Canceled),
    ];
    prop::collection::vec(word, 0..16)
}

/// The only request's build at the master: it starts, is retried, starts again and succeeds.
#[derive(Default)]
struct FakeBuild {
    steps: usize,
    id: i64,
}

impl FakeBuild {
    /// One step; false where there is none.
    fn advance(&mut self, fake: &FakeMaster) -> bool {
        if fake.created() == 0 || fake.result_of(fake.only_request()).is_some() {
            return false;
        }
        match self.steps {
            0 | 2 => self.id = fake.start(fake.only_request()),
            1 => fake.finish(self.id, BuildResult::Retry),
            3 => fake.finish(self.id, BuildResult::Success),
            _ => return false,
        }
        self.steps += 1;
        true
    }
}

async fn play(env: &TestEnv, number: usize, words: &[Word]) {
    let (fake, master) = (FakeMaster::new(env.clock.clone()), format!("m{number}"));
    let bridge = env.bridge();
    let share = || bridge.shared(TestEnv::parts(&fake, &master, crate::MasterSettings::default())).unwrap();
    let mut shared = share();
    let task = env.pending_at(&master, json!({"builderName": "linux"})).await;
    let mut build = FakeBuild::default();
    for word in words {
        match word {
            // There is no event of a run that does not exist.
            Word::Pending(run) => {
                if env.status(task).await.run(*run).is_some() {
                    env.add_pending_at(&master, task, *run).await;
                }
            }
            Word::Master => drop(build.advance(&fake)),
            Word::Cancel => drop(env.queue.cancel_task(task).await.unwrap()),
            Word::Canceled => {
                let status = env.status(task).await;
                let last = status.runs.last().filter(|run| run.reason_resolved == Some(R::Canceled));
                if let Some(run) = last {
                    env.db.bridge_mark_cancelled(&master, &[(task, run.run_id)], env.clock.now()).await.unwrap();
                }
            }
            Word::Check => env.check_all(&shared).await,
            Word::Restart => shared = share(),
        }
    }
    // The scan of pending tasks and the periodic check find what had no event.
    env.add_pending_at(&master, task, 0).await;
    env.check_all(&shared).await;
    while build.advance(&fake) {}
    env.check_all(&shared).await;
    // The master reports the cancel, if there was one.
    env.advance(&shared, chrono::TimeDelta::seconds(6)).await;
    env.check_all(&shared).await;
    check_outcome(words, &fake, &env.request(task).await, env.runs(task).await);
}

fn check_outcome(words: &[Word], fake: &FakeMaster, row: &db::bridge::BridgeRequest, mut runs: Vec<(S, Option<R>)>) {
    let last = runs.pop();
    assert_eq!(row.state, db::bridge::BridgeState::Resolved, "{words:?}");
    assert!(runs.iter().all(|run| *run == (S::Exception, Some(R::WorkerShutdown))), "{words:?}: {runs:?}");
    assert_eq!((fake.absent_cancels(), fake.blocked()), (0, 0), "{words:?}");
    if last == Some((S::Exception, Some(R::Canceled))) {
        assert!(words.contains(&Word::Cancel), "{words:?}");
        assert!(fake.created() <= 1 && fake.cancels().len() <= fake.created(), "{words:?}");
        assert!(
            fake.created() == 0 || fake.result_of(fake.only_request()).is_some(),
            "{words:?}: it is built for no run"
        );
    } else {
        assert_eq!((last, runs.len()), (Some((S::Completed, Some(R::Completed))), 1), "{words:?}");
        assert_eq!((fake.created(), fake.cancels().len(), row.run_id), (1, 0, 1), "{words:?}");
    }
}

#[test]
fn every_order_of_events_leads_to_the_same_state() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let env = runtime.block_on(TestEnv::start());
    let plays = std::sync::atomic::AtomicUsize::new(0);
    let config = Config { cases: 80, failure_persistence: None, ..Config::default() };
    let seed = Seed::choose("creates").rng().bytes::<32>();
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let played = runner.run(&words(), |words| {
        let number = plays.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        runtime.block_on(play(&env, number, &words));
        Ok(())
    });
    played.unwrap();
    runtime.block_on(env.stop());
}
