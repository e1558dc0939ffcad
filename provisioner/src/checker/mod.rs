//! Checks the machines of one provider's workers, and ends those that are to stop.
//!
//! Owns: lists under way.
//! Woken by: workers that are to be stopped (a notification), a timer.
//! Emits: `worker-stopped`, `worker-removed`, through the outbox.

mod check;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use chrono::TimeDelta;
use db::{DbError, provisioner::WorkerToCheck};
use tokio::task::JoinSet;

use self::check::MachineCheck;
use crate::{
    shared::{ProviderHandle, Shared},
    slots::RegionSlots,
};

const WORKERS_A_LIST: i32 = 1000;
/// The index of due workers is looked at this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long workers belong to one checker; where it does not come to an end they are due again.
const LEASE: TimeDelta = TimeDelta::seconds(60);

pub(crate) struct Checker {
    shared: Arc<Shared>,
    provider: ProviderHandle,
    own: Notifier,
    slots: RegionSlots,
    checks: JoinSet<()>,
}

pub(crate) fn child(shared: &Arc<Shared>, provider: &ProviderHandle) -> (Child, Notifier) {
    let (shared, provider) = (shared.clone(), provider.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("checker"));
    schedule.child(&format!("provisioner/checker/{}", provider.id), move |own| {
        Checker::new(shared.clone(), provider.clone(), own.clone())
    })
}

impl Checker {
    pub(crate) fn new(shared: Arc<Shared>, provider: ProviderHandle, own: Notifier) -> Self {
        Self { shared, provider, own, slots: RegionSlots::default(), checks: JoinSet::new() }
    }

    /// Waits for the lists under way. For tests.
    #[cfg(test)]
    pub(crate) async fn finish(&mut self) {
        while self.checks.join_next().await.is_some() {}
    }
}

impl Periodic for Checker {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        while let Some(ended) = self.checks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a check of machines panicked");
            }
        }
        let now = self.shared.clock.now();
        let busy = self.slots.busy(1);
        let due =
            self.shared.db.provision_check_claim(&self.provider.id, &busy, WORKERS_A_LIST, now + LEASE, now).await?;
        if due.is_empty() {
            return Ok(Next::IDLE);
        }
        let mut regions: BTreeMap<String, Vec<WorkerToCheck>> = BTreeMap::new();
        for worker in due {
            regions.entry(worker.region.clone()).or_default().push(worker);
        }
        for (region, workers) in regions {
            let (slot, own) = (self.slots.take(&region), self.own.clone());
            let check = MachineCheck { shared: self.shared.clone(), provider: self.provider.clone(), region, workers };
            self.checks.spawn(async move {
                check.run().await;
                drop(slot);
                own.notify();
            });
        }
        Ok(Next::DONE)
    }
}
