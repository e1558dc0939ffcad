//! Ends machines that nobody knows, and removes old decisions and launches.
//!
//! Owns: nothing.
//! Woken by: a timer.
//! Emits: nothing.

use std::sync::Arc;

use actors::kit::{Child, Next, Periodic, Schedule};
use db::DbError;

use crate::{
    listing::list_all,
    orphans,
    provider::{MachineId, Seen},
    shared::{ProviderHandle, Shared, in_time},
};

const EXPIRED_A_CALL: i32 = 1000;

pub(crate) struct Sweeper {
    pub(crate) shared: Arc<Shared>,
    pub(crate) provider: ProviderHandle,
}

pub(crate) fn child(shared: &Arc<Shared>, provider: &ProviderHandle) -> Child {
    let (shared, provider) = (shared.clone(), provider.clone());
    let schedule = Schedule::every(shared.settings.orphan_interval.duration(), shared.rng.branch("sweeper"));
    let name = format!("provisioner/sweeper/{}", provider.id);
    schedule.child(&name, move |_| Sweeper { shared: shared.clone(), provider: provider.clone() }).0
}

impl Periodic for Sweeper {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let now = self.shared.clock.now();
        let expired =
            self.shared.db.provision_expire(now - self.shared.settings.decision_keep.delta(), EXPIRED_A_CALL).await?;
        for region in self.shared.db.provision_regions(&self.provider.id).await? {
            self.sweep(&region).await?;
        }
        Ok(if expired >= EXPIRED_A_CALL.into() { Next::AGAIN } else { Next::DONE })
    }
}

impl Sweeper {
    async fn sweep(&self, region: &str) -> Result<(), DbError> {
        let provider = &self.provider.id;
        let machines = match list_all(&self.shared.metrics, &self.provider, region).await {
            Ok(machines) => machines,
            Err(error) => {
                tracing::warn!(provider, region, %error, "machines cannot be listed");
                return Ok(());
            }
        };
        let found = orphans::find(&self.shared.db, &self.provider, &self.shared.deployment, machines).await?;
        let orphans: Vec<MachineId> = found.into_iter().filter(|it| self.is_due(it)).map(|it| it.id).collect();
        if orphans.is_empty() {
            return Ok(());
        }
        self.shared.metrics.record_orphans(provider, orphans.len());
        tracing::warn!(provider, region, machines = ?orphans, "machines that nobody knows are ended");
        if let Err(error) = in_time(self.provider.driver.terminate(region, &orphans)).await {
            tracing::warn!(provider, region, %error, "machines that nobody knows cannot be ended");
        }
        Ok(())
    }

    /// Old enough that its launch would be settled.
    fn is_due(&self, machine: &Seen) -> bool {
        self.shared.clock.now() - machine.created >= self.shared.settings.orphan_age.delta()
    }
}
