//! Follows changes that other processes make, and records which clients were used.

use std::{sync::Arc, time::Duration};

use super::{Answer, AuthError, Parts};
use crate::kit::{Child, Next, Periodic, Schedule};

/// A change made by another process is unknown here for about so long.
const EVERY: Duration = Duration::from_secs(1);

pub(super) fn child(parts: Arc<Parts>) -> Child {
    let rng = parts.rng.branch("refresh");
    Schedule::every(EVERY, rng).child("auth/refresh", move |_| Refresher(parts.clone())).0
}

struct Refresher(Arc<Parts>);

impl Periodic for Refresher {
    type Error = AuthError;

    async fn run(&mut self) -> Answer<Next> {
        self.0.refresh().await?;
        Ok(Next::IDLE)
    }
}

impl Parts {
    pub(super) async fn refresh(&self) -> Answer<()> {
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
