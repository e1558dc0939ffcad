//! Carries out launches of one provider.
//!
//! Owns: calls under way. What becomes of a launch is in the ledger.
//! Woken by: decisions and ended calls of this process (notifications), a timer.
//! Emits: `worker-requested`, `worker-pool-error`, through the outbox.

mod attempt;

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use chrono::TimeDelta;
use db::{DbError, provisioner::LaunchClaim};
use tokio::task::JoinSet;

use self::attempt::Attempt;
use crate::{
    shared::{CALL_TIMEOUT, GIVE_UP_AFTER, ProviderHandle, Shared},
    slots::RegionSlots,
};

const CALLS_A_REGION: usize = 8;
const CALLS: usize = 64;
/// The index of open launches is looked at this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a launch belongs to one launcher: longer than its call may take.
const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Launches that are given up in one call.
const GIVEN_UP_A_CALL: i32 = 100;

pub(crate) struct Launcher {
    shared: Arc<Shared>,
    provider: ProviderHandle,
    own: Notifier,
    slots: RegionSlots,
    /// Ends with the actor; leases of calls that are cut off run out.
    calls: JoinSet<()>,
}

pub(crate) fn child(shared: &Arc<Shared>, provider: &ProviderHandle) -> (Child, Notifier) {
    let (shared, provider) = (shared.clone(), provider.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("launcher"));
    schedule.child(&format!("provisioner/launcher/{}", provider.id), move |own| {
        Launcher::new(shared.clone(), provider.clone(), own.clone())
    })
}

impl Launcher {
    pub(crate) fn new(shared: Arc<Shared>, provider: ProviderHandle, own: Notifier) -> Self {
        Self { shared, provider, own, slots: RegionSlots::default(), calls: JoinSet::new() }
    }

    /// Waits for the calls under way. For tests.
    #[cfg(test)]
    pub(crate) async fn finish(&mut self) {
        while self.calls.join_next().await.is_some() {}
    }
}

impl Periodic for Launcher {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        while let Some(ended) = self.calls.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a launch panicked");
            }
        }
        let now = self.shared.clock.now();
        self.shared.db.launch_give_up(&self.provider.id, now - GIVE_UP_AFTER, GIVEN_UP_A_CALL, now).await?;
        let lease_until = now + LEASE;
        let claim = LaunchClaim {
            provider_id: &self.provider.id,
            busy_regions: &self.slots.busy(CALLS_A_REGION),
            limit: i32::try_from(CALLS_A_REGION.min(CALLS - self.calls.len().min(CALLS))).unwrap_or_default(),
            lease_until,
            // The call of a launch that is taken must have ended when the launch is given up.
            unknown_since: now - GIVE_UP_AFTER + LEASE,
        };
        let launches = self.shared.db.launch_claim(&claim, now).await?;
        let taken = launches.len();
        for launch in launches {
            let slot = self.slots.take(&launch.region);
            let (own, provider) = (self.own.clone(), self.provider.clone());
            let attempt =
                Attempt { shared: self.shared.clone(), provider, launch, call_until: lease_until - call_time() };
            self.calls.spawn(async move {
                attempt.run().await;
                drop(slot);
                own.notify();
            });
        }
        Ok(if taken == 0 { Next::IDLE } else { Next::DONE })
    }
}

fn call_time() -> TimeDelta {
    TimeDelta::from_std(CALL_TIMEOUT).unwrap_or(LEASE)
}
