//! What time does to artifacts and objects: they expire, and their content is deleted.

use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use super::{Artifacts, expire};
use crate::kit::{Child, Restart, Tick};

const NAME: &str = "artifacts/sweep";
const EVERY: Duration = Duration::from_mins(1);

impl Artifacts {
    /// The sweep over expired artifacts, objects and content, to be supervised. Several processes may run one.
    pub fn sweeper(&self) -> Child {
        let artifacts = self.clone();
        Child::new(NAME, Restart::Always, move || (Sweeper { artifacts: artifacts.clone() }, ())).0
    }
}

struct Sweeper {
    artifacts: Artifacts,
}

/// The only thing the sweep is told.
struct Look;

impl Actor for Sweeper {
    type Msg = Look;
    type State = Tick;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Tick, ActorProcessingErr> {
        let mut tick = Tick::new(NAME);
        tick.again(&myself, Duration::ZERO, || Look);
        Ok(tick)
    }

    async fn handle(&self, myself: ActorRef<Look>, Look: Look, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
        self.sweep().instrument(tick.root_span()).await;
        tick.again(&myself, self.artifacts.rng.jitter(EVERY), || Look);
        Ok(())
    }
}

impl Sweeper {
    async fn sweep(&self) {
        loop {
            match expire(&self.artifacts.objects).await {
                Ok(swept) if swept.is_empty() => return,
                Ok(swept) => tracing::info!(swept.artifacts, swept.objects, swept.blobs, "expired content was dropped"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the sweep of artifacts failed; the next tick tries again");
                    return;
                }
            }
        }
    }
}
