//! What goes wrong.

use std::time::Duration;

use base::Entropy;
use tests::{servers::Stop, signal};
use tokio::time::sleep;

use crate::Everything;

/// Longer than a claim, a lock or a heartbeat of the database is waited for.
const FROZEN: Duration = Duration::from_secs(8);
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
    DatabaseRestarted,
    DatabaseCrashed,
    ConnectionsCut,
    ConnectionsSlow,
    /// What was told before, once more and in the wrong order.
    ToldAgain,
    /// The queue of a consumer of ours is gone.
    QueueDeleted,
}

impl Fault {
    const ALL: [Self; 11] = [
        Self::ProcessKilled,
        Self::ProcessFrozen,
        Self::BrokerStopped,
        Self::BrokerKilled,
        Self::BrokerFull,
        Self::DatabaseRestarted,
        Self::DatabaseCrashed,
        Self::ConnectionsCut,
        Self::ConnectionsSlow,
        Self::ToldAgain,
        Self::QueueDeleted,
    ];

    /// Each kind once, and processes killed three times over. The queue is deleted only after the broker was killed: one
    /// that was declared anew moments before may come back in RabbitMQ 3.10 without its process (`noproc`), and nothing that
    /// is sent to it is ever confirmed.
    pub(crate) fn shuffled(entropy: &Entropy) -> Vec<Self> {
        let mut faults = [&Self::ALL[..], &[Self::ProcessKilled, Self::ProcessKilled]].concat();
        for last in (1..faults.len()).rev() {
            let other = entropy.range(0..last as u64 + 1);
            faults.swap(last, usize::try_from(other).unwrap());
        }
        let place = |kind| faults.iter().position(|fault| *fault == kind).unwrap();
        let (deleted, killed) = (place(Self::QueueDeleted), place(Self::BrokerKilled));
        if deleted < killed {
            faults.swap(deleted, killed);
        }
        faults
    }

    /// Returns when what was broken is there again, though nobody may have noticed yet.
    pub(crate) async fn inject(self, all: &mut Everything, entropy: &Entropy) {
        let any = usize::try_from(entropy.range(0..all.house.count() as u64)).unwrap();
        let moment = Duration::from_millis(entropy.range(50..2000));
        match self {
            Self::ProcessKilled => {
                println!("          {}", all.house.roles(any));
                all.house.kill(any).await;
            }
            Self::ProcessFrozen => {
                println!("          {}", all.house.roles(any));
                let id = [all.house.process_id(any)];
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
            Self::ToldAgain => all.told.tell_again_backwards().await,
            Self::QueueDeleted => {
                let queue = "drover/index/task-completed";
                tokio::task::block_in_place(|| all.rabbitmq.control(&["delete_queue", queue]));
            }
        }
    }
}

async fn restart_database(all: &mut Everything, how: Stop, moment: Duration) {
    tokio::task::block_in_place(|| all.postgres.stop(how));
    sleep(moment).await;
    tokio::task::block_in_place(|| all.postgres.start_again());
}
