//! Disables derived clients whose maker has their scopes no more.

use std::time::Duration;

use base::Rng;

use super::{DerivedClient, DerivedClientError, DerivedClients, Result};
use crate::{
    kit::{Child, Next, Periodic, Schedule},
    sessions::Identity,
};

/// For at most about so long a derived client outlives the scopes of its maker.
const INTERVAL: Duration = Duration::from_secs(30);

const PAGE_SIZE: i32 = 500;

pub(super) fn child(clients: DerivedClients, rng: Rng) -> Child {
    Schedule::every(INTERVAL, rng).child("auth/derived-clients", move |_| Watcher(clients.clone())).0
}

struct Watcher(DerivedClients);

impl Periodic for Watcher {
    type Error = DerivedClientError;

    async fn run(&mut self) -> Result<Next> {
        self.0.check_all().await?;
        Ok(Next::IDLE)
    }
}

impl DerivedClients {
    /// In pages: a read of few rows where nothing has changed.
    pub(crate) async fn check_all(&self) -> Result<()> {
        let mut after = String::new();
        loop {
            let page = self.db.derived_clients(&after, PAGE_SIZE, self.clock.now()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            last.client_id.clone_into(&mut after);
            for client in &page {
                self.disable_if_lost(client).await?;
            }
        }
    }

    async fn disable_if_lost(&self, derived: &DerivedClient) -> Result<()> {
        let known = self.auth.clients().now();
        let Some(client) = known.client(&derived.client_id).filter(|client| !client.disabled) else { return Ok(()) };
        let maker = Identity { client_id: derived.made_by.clone(), roles: derived.roles.clone() };
        let held = self.sessions.powers(&maker);
        if held.is_some_and(|held| held.satisfies_all(client.scopes.iter().map(String::as_str))) {
            return Ok(());
        }
        let DerivedClient { client_id, made_by, .. } = derived;
        tracing::info!(%client_id, %made_by, "a client is disabled: who made it has its scopes no more");
        self.auth.enable_client(client_id, false, made_by).await?;
        Ok(())
    }
}
