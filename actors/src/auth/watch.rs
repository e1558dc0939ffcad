//! The part that looks whether other processes have changed something, and notes which clients were used.

use std::{sync::Arc, time::Duration};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use super::{Answer, Parts};
use crate::kit::{Child, Restart, Tick};

/// So long may a change made elsewhere be unknown here.
const EVERY: Duration = Duration::from_secs(1);

pub(super) fn part(parts: Arc<Parts>) -> Child {
    Child::new("auth/copy", Restart::Always, move || (Watch(parts.clone()), ())).0
}

struct Watch(Arc<Parts>);

/// The only thing it is told.
struct Look;

impl Watch {
    async fn look(&self) {
        if let Err(error) = self.0.look().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "changes of clients and roles could not be looked for; the next tick tries again");
        }
    }
}

impl Parts {
    pub(super) async fn look(&self) -> Answer<()> {
        {
            let copying = self.copying().await;
            self.follow(&copying).await?;
        }
        let used = self.clients.take_used();
        if !used.is_empty() {
            self.db.clients_used(&used, self.clock.now()).await?;
        }
        Ok(())
    }
}

impl Actor for Watch {
    type Msg = Look;
    type State = Tick;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Look>, (): ()) -> Result<Tick, ActorProcessingErr> {
        let mut tick = Tick::new("auth/copy");
        tick.again(&myself, EVERY, || Look);
        Ok(tick)
    }

    async fn handle(&self, myself: ActorRef<Look>, Look: Look, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
        self.look().instrument(tick.root_span()).await;
        tick.again(&myself, EVERY, || Look);
        Ok(())
    }
}
