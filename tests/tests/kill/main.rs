//! `kill -9` in the middle of a load, many times over, and everything that was acknowledged holds.
//!
//! With a RabbitMQ (`DROVER_TEST_AMQP_URL`) every event must also have been published; without one the test says that it
//! did not look.

#![allow(clippy::unwrap_used, reason = "tests")]

mod events;
mod ledger;
mod load;

use std::time::{Duration, Instant};

use base::Rng;
use protocol::id::TaskId;
use tests::{Drover, Seed, TestDirectory};

use crate::{events::Events, ledger::Ledger, load::Load};

/// Rounds end when this has passed, so that slow machines do fewer of them; a few are always done.
const TIME: Duration = Duration::from_mins(1);
const FEWEST_ROUNDS: u32 = 4;
const MOST_ROUNDS: u32 = 40;
/// A run whose worker is gone comes back soon, so that the last round can finish everything.
const CLAIM_TIMEOUT: &str = "4";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill_in_the_middle_of_a_load() {
    let rng = Seed::choose("kill").rng();
    let folder = TestDirectory::new();
    let group = TaskId::from_random(rng.uuid_bytes());
    let events = Events::collect(group, &rng).await;
    let ledger = Ledger::default();
    let load = Load::new(group, &rng, ledger.clone());

    let begin = Instant::now();
    let mut rounds = 0;
    while rounds < FEWEST_ROUNDS || (rounds < MOST_ROUNDS && begin.elapsed() < TIME) {
        let drover = start(&folder, events.as_ref()).await;
        ledger.check_last_round(&drover.client()).await;
        let running = load.start(&drover.client());
        running.first_answer().await;
        tokio::time::sleep(moment(&rng)).await;
        drover.kill().await;
        running.end().await;
        rounds += 1;
    }

    let drover = start(&folder, events.as_ref()).await;
    load.finish_everything(&drover.client()).await;
    let tasks = ledger.check_everything(&drover.client()).await;
    println!("{rounds} kills, {}", ledger.summary());
    match events {
        Some(events) => {
            events.compare(&tasks).await;
            events.end(&rng).await;
        }
        None => println!("events were not compared: DROVER_TEST_AMQP_URL is not set"),
    }
    drover.stop().await;
}

async fn start(folder: &TestDirectory, events: Option<&Events>) -> Drover {
    let mut flags = vec!["--workers", "0", "--claim-timeout", CLAIM_TIMEOUT];
    flags.extend(events.iter().flat_map(|events| ["--amqp-url", events.url()]));
    Drover::start(folder.path(), &flags).await
}

/// How long the load runs before the kill: the one wait here, because any moment must do.
fn moment(rng: &Rng) -> Duration {
    Duration::from_millis(rng.range(20..900))
}
