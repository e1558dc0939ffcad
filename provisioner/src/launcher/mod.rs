//! Carries out launches of one provider.
//!
//! Owns: calls under way. What becomes of a launch is in the ledger.
//! Woken by: decisions and ended calls of this process (notifications), a timer.
//! Emits: `worker-requested`, `worker-pool-error`, through the outbox.

mod attempt;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use chrono::TimeDelta;
use db::{
    DbError,
    provisioner::{LaunchClaim, LaunchHold},
};
use protocol::time::Timestamp;
use tokio::task::{Id, JoinSet};

use self::attempt::Attempt;
use crate::{
    shared::{CALL_TIMEOUT, GIVE_UP_AFTER, ProviderHandle, Shared},
    slots::RegionSlots,
};

const CALLS_A_REGION: usize = 8;
const CALLS: usize = 64;
/// The index of open launches is looked at this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a launch belongs to a launcher that does not renew this. Until then nobody knows whether a launcher that was killed
/// had carried it out, and its machines count as supply.
const LEASE: TimeDelta = TimeDelta::seconds(15);
const RENEW_AFTER: TimeDelta = TimeDelta::seconds(4);
/// A launch that is taken is carried out, or not, within this time.
const CARRY_OUT: TimeDelta = TimeDelta::seconds(60);
/// Launches that are given up in one call.
const GIVEN_UP_A_CALL: i32 = 100;

pub(crate) struct Launcher {
    shared: Arc<Shared>,
    provider: ProviderHandle,
    own: Notifier,
    slots: RegionSlots,
    /// Ends with the actor; leases of calls that are cut off run out.
    calls: JoinSet<()>,
    /// What they carry out.
    held: HashMap<Id, LaunchHold>,
    renewed: Option<Timestamp>,
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
        Self {
            shared,
            provider,
            own,
            slots: RegionSlots::default(),
            calls: JoinSet::new(),
            held: HashMap::new(),
            renewed: None,
        }
    }

    fn reap(&mut self) {
        while let Some(ended) = self.calls.try_join_next_with_id() {
            let id = match ended {
                Ok((id, ())) => id,
                Err(error) => {
                    tracing::error!(%error, "a launch panicked");
                    error.id()
                }
            };
            self.held.remove(&id);
        }
    }

    /// A second call for a launch whose lease ran out all the same makes no further machines: both have the same token.
    async fn renew(&mut self, now: Timestamp) -> Result<(), DbError> {
        let is_due = self.renewed.is_none_or(|renewed| now - renewed >= RENEW_AFTER);
        if is_due && !self.held.is_empty() {
            let held: Vec<LaunchHold> = self.held.values().copied().collect();
            self.shared.db.launch_renew(&held, now + LEASE).await?;
            self.renewed = Some(now);
        }
        Ok(())
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
        self.reap();
        let now = self.shared.clock.now();
        self.renew(now).await?;
        self.shared.db.launch_give_up(&self.provider.id, now - GIVE_UP_AFTER, GIVEN_UP_A_CALL, now).await?;
        let claim = LaunchClaim {
            provider_id: &self.provider.id,
            busy_regions: &self.slots.busy(CALLS_A_REGION),
            limit: i32::try_from(CALLS_A_REGION.min(CALLS - self.calls.len().min(CALLS))).unwrap_or_default(),
            lease_until: now + LEASE,
            // The call of a launch that is taken must have ended when the launch is given up.
            unknown_since: now - GIVE_UP_AFTER + CARRY_OUT,
        };
        let launches = self.shared.db.launch_claim(&claim, now).await?;
        let taken = launches.len();
        for launch in launches {
            let slot = self.slots.take(&launch.region);
            let (own, provider) = (self.own.clone(), self.provider.clone());
            let hold = LaunchHold { launch_id: launch.launch_id, attempt: launch.attempts };
            let call_until = now + CARRY_OUT - call_time();
            let attempt = Attempt { shared: self.shared.clone(), provider, launch, call_until };
            let call = self.calls.spawn(async move {
                attempt.run().await;
                drop(slot);
                own.notify();
            });
            self.held.insert(call.id(), hold);
        }
        Ok(if taken == 0 { Next::IDLE } else { Next::DONE })
    }

    /// Whoever comes next finds out about the calls that are cut off here, at once.
    async fn stop(&mut self) {
        self.reap();
        self.calls.shutdown().await;
        let held: Vec<LaunchHold> = self.held.drain().map(|(_, hold)| hold).collect();
        if !held.is_empty()
            && let Err(error) = self.shared.db.launch_renew(&held, self.shared.clock.now()).await
        {
            tracing::warn!(%error, "launches cannot be handed over; their leases run out");
        }
    }
}

fn call_time() -> TimeDelta {
    TimeDelta::from_std(CALL_TIMEOUT).unwrap_or(CARRY_OUT)
}
