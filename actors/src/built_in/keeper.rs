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
    running: Vec<(Kind, Background)>,
    shutdown: Shutdown,
}

impl Keeper {
    /// Of each start a worker of its own: two that are taken for one would be given each other's claims.
    pub(super) fn new(built_in: BuiltIn) -> Self {
        let worker_id = format!("drover-{}", TaskId::from_random(built_in.rng.uuid_bytes()));
        Self { built_in, worker_id, running: Vec::new(), shutdown: Shutdown::new() }
    }

    fn start(&self, kind: Kind) -> Background {
        let (built_in, id) = (self.built_in.clone(), self.worker_id.clone());
        let worker = Worker { built_in, kind, id, shutdown: self.shutdown.clone() };
        Background::start(worker.work())
    }
}

impl Periodic for Keeper {
    type Error = Infallible;

    async fn run(&mut self) -> Result<Next, Infallible> {
        self.running.retain(|(_, background)| !background.has_ended());
        for kind in Kind::ALL {
            if !self.running.iter().any(|(running, _)| *running == kind) {
                self.running.push((kind, self.start(kind)));
            }
        }
        Ok(Next::IDLE)
    }

    async fn stop(&mut self) {
        self.shutdown.trigger();
        let ended = futures_util::future::join_all(self.running.iter_mut().map(|(_, background)| background.ended()));
        // Late is no error: dropping them ends them.
        let _ = timeout(STOP, ended).await;
        self.running.clear();
    }
}
