//! Follows changes that other processes make, and records which clients were used.

use std::{sync::Arc, time::Duration};

use super::{AuthError, Inner, Result};
use crate::kit::{Child, Next, Periodic, Schedule};

/// A change made by another process is unknown here for about so long.
const EVERY: Duration = Duration::from_secs(1);

pub(super) fn child(auth: Arc<Inner>) -> Child {
    let rng = auth.rng.branch("refresh");
    Schedule::every(EVERY, rng).child("auth/refresh", move |_| Refresher(auth.clone())).0
}

struct Refresher(Arc<Inner>);

impl Periodic for Refresher {
    type Error = AuthError;

    async fn run(&mut self) -> Result<Next> {
        self.0.refresh().await?;
        Ok(Next::IDLE)
    }
}

impl Inner {
    pub(super) async fn refresh(&self) -> Result<()> {
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
