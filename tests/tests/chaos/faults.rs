//! The faults that are injected.

use std::time::Duration;

use base::Rng;
use tests::{servers::Stop, signal};
use tokio::time::{sleep, timeout};

use crate::Everything;

/// Longer than the timeouts of claims, locks and database heartbeats.
const FROZEN: Duration = Duration::from_secs(8);
/// The log message about a broker that has not answered an operation for 5 s; the load sends operations all the time.
const SILENCE: &str = "no response from the message broker for";
const SILENCE_LOGGED_WITHIN: Duration = Duration::from_secs(15);
const SLOW: Duration = Duration::from_millis(40);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9` of a process of some role.
    ProcessKilled,
    /// A process that does not run for longer than a claim lasts.
    ProcessFrozen,
    BrokerStopped,
    BrokerKilled,
    BrokerFull,
    /// It takes connections and what is sent, and answers nothing.
    BrokerSilent,
    DatabaseRestarted,
    DatabaseCrashed,
    ConnectionsCut,
    ConnectionsSlow,
    /// Earlier messages, again and in the wrong order.
    MessagesRepeated,
    /// The queue of a consumer of ours is gone.
    QueueDeleted,
}

impl Fault {
    const ALL: [Self; 12] = [
        Self::ProcessKilled,
        Self::ProcessFrozen,
        Self::BrokerStopped,
        Self::BrokerKilled,
        Self::BrokerFull,
        Self::BrokerSilent,
        Self::DatabaseRestarted,
        Self::DatabaseCrashed,
        Self::ConnectionsCut,
        Self::ConnectionsSlow,
        Self::MessagesRepeated,
        Self::QueueDeleted,
    ];

    /// Each kind once, and processes killed three times over. The queue is deleted only after the broker was killed, and the
    /// broker stopped in good order before it is killed again, in the next round: a queue that was declared anew since the last
    /// good end may come back in RabbitMQ 3.10 without its process (`noproc`), and nothing that is sent to it is ever confirmed
    /// (see `bus/src/amqp/leaderless.rs`).
    pub(crate) fn shuffled(rng: &Rng) -> Vec<Self> {
        let mut faults = [&Self::ALL[..], &[Self::ProcessKilled, Self::ProcessKilled]].concat();
        for last in (1..faults.len()).rev() {
            let other = rng.range(0..last as u64 + 1);
            faults.swap(last, usize::try_from(other).unwrap());
        }
        let in_order = [Self::BrokerKilled, Self::QueueDeleted, Self::BrokerStopped];
        let places: Vec<usize> = (0..faults.len()).filter(|place| in_order.contains(&faults[*place])).collect();
        for (place, fault) in places.into_iter().zip(in_order) {
            faults[place] = fault;
        }
        faults
    }

    /// Returns when the fault is over, though processes may not have recovered yet.
    pub(crate) async fn inject(self, all: &mut Everything, rng: &Rng) {
        all.env.restart_failed_starts();
        let any = usize::try_from(rng.range(0..all.env.count() as u64)).unwrap();
        let moment = Duration::from_millis(rng.range(50..2000));
        match self {
            Self::ProcessKilled => {
                println!("          {}", all.env.roles(any));
                all.env.kill(any).await;
            }
            Self::ProcessFrozen => {
                println!("          {}", all.env.roles(any));
                let id = [all.env.process_id(any)];
                signal("STOP", &id);
                sleep(FROZEN).await;
                signal("CONT", &id);
            }
            Self::BrokerStopped => {
                tokio::task::block_in_place(|| all.rabbitmq.stop());
                sleep(moment).await;
                tokio::task::block_in_place(|| all.rabbitmq.start_again());
            }
            Self::BrokerKilled => {
                tokio::task::block_in_place(|| {
                    all.rabbitmq.kill();
                    all.rabbitmq.start_again();
                });
            }
            Self::BrokerFull => {
                let limit = |limit: &str| {
                    tokio::task::block_in_place(|| all.rabbitmq.control(&["set_disk_free_limit", limit]));
                };
                limit("100000GB");
                sleep(moment).await;
                limit("1MB");
            }
            Self::BrokerSilent => be_silent(all).await,
            Self::DatabaseRestarted => restart_database(all, Stop::Fast, moment).await,
            Self::DatabaseCrashed => restart_database(all, Stop::Immediate, Duration::ZERO).await,
            Self::ConnectionsCut => {
                all.to_rabbitmq.cut();
                all.to_postgres.cut();
            }
            Self::ConnectionsSlow => {
                all.to_rabbitmq.delay(SLOW);
                all.to_postgres.delay(SLOW);
                sleep(moment).await;
                all.to_rabbitmq.delay(Duration::ZERO);
                all.to_postgres.delay(Duration::ZERO);
            }
            Self::MessagesRepeated => all.events.publish_again_reversed().await,
            Self::QueueDeleted => {
                let queue = "drover/index/task-completed";
                tokio::task::block_in_place(|| all.rabbitmq.control(&["delete_queue", queue]));
            }
        }
    }
}

/// The processes log it while it lasts, not afterwards.
async fn be_silent(all: &mut Everything) {
    let before = all.env.logged(SILENCE);
    tokio::task::block_in_place(|| all.rabbitmq.freeze());
    let logged = timeout(SILENCE_LOGGED_WITHIN, async {
        while all.env.logged(SILENCE) == before {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let logged = logged.await;
    tokio::task::block_in_place(|| all.rabbitmq.thaw());
    assert!(logged.is_ok(), "a broker that does not answer was not logged within {SILENCE_LOGGED_WITHIN:?}");
}

async fn restart_database(all: &mut Everything, how: Stop, moment: Duration) {
    tokio::task::block_in_place(|| all.postgres.stop(how));
    sleep(moment).await;
    tokio::task::block_in_place(|| all.postgres.start_again());
}
