//! Random commands, given to the real queue over HTTP and to the model side by side: after each, both say the same.

#![allow(clippy::unwrap_used, reason = "tests")]

mod command;
mod pair;

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tests::{Drover, Seed, TestDirectory};

use crate::{command::command, pair::Pair};

const CASES: u32 = 48;
const LONGEST: usize = 60;

#[test]
fn the_queue_does_what_the_model_does() {
    let seed = Seed::choose("random commands");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = TestDirectory::new();
    let drover = runtime.block_on(Drover::start(folder.path(), &["--workers", "0"]));

    let config = Config { cases: CASES, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let rng = seed.rng();
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &rng.bytes::<32>()));
    let result = runner.run(&prop::collection::vec(command(), 1..LONGEST), |commands| {
        let mut pair = Pair::new(drover.client(), &rng);
        runtime.block_on(async {
            for command in &commands {
                pair.step(command).await.map_err(TestCaseError::fail)?;
            }
            pair.compare_all().await.map_err(TestCaseError::fail)
        })
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    runtime.block_on(drover.stop());
}
