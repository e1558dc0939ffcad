//! Keeps a worker for each task queue running, beside the actor: a claim waits long, and an actor must be able to stop at once.

use std::{convert::Infallible, time::Duration};

use base::Shutdown;
use protocol::id::TaskId;
use tokio::time::timeout;

use super::{BuiltIn, Kind, worker::Worker};
use crate::kit::{Background, Next, Periodic};

/// How soon a worker is started again that has panicked.
pub(super) const KEEP: Duration = Duration::from_secs(10);
/// How long what was claimed may take when the process stops. What is not finished by then expires with its claim.
const STOP: Duration = Duration::from_secs(5);

pub(super) struct Keeper {
    built_in: BuiltIn,
    worker_id: String,
    workers: Vec<(Kind, Option<Background>)>,
    shutdown: Shutdown,
}

impl Keeper {
    /// Of each start a worker of its own: two that are taken for one would be given each other's claims.
    pub(super) fn new(built_in: BuiltIn, kinds: Vec<Kind>) -> Self {
        let worker_id = format!("drover-{}", TaskId::from_random(built_in.rng.uuid_bytes()));
        let workers = kinds.into_iter().map(|kind| (kind, None)).collect();
        Self { built_in, worker_id, workers, shutdown: Shutdown::new() }
    }
}

impl Periodic for Keeper {
    type Error = Infallible;

    async fn run(&mut self) -> Result<Next, Infallible> {
        let Self { built_in, worker_id, workers, shutdown } = self;
        for (kind, running) in workers {
            if running.as_ref().is_none_or(Background::has_ended) {
                let (built_in, id, shutdown) = (built_in.clone(), worker_id.clone(), shutdown.clone());
                *running = Some(Background::start(Worker { built_in, kind: kind.clone(), id, shutdown }.work()));
            }
        }
        Ok(Next::IDLE)
    }

    async fn stop(&mut self) {
        self.shutdown.trigger();
        let ended = futures_util::future::join_all(
            self.workers.iter_mut().filter_map(|(_, running)| running.as_mut()).map(Background::ended),
        );
        // Late is no error: dropping them ends them.
        let _ = timeout(STOP, ended).await;
        self.workers.clear();
    }
}
