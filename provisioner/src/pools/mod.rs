//! Decides about worker pools.
//!
//! Owns: nothing in memory but task queues that became pending.
//! Woken by: tasks that became pending, worker pools that were written (notifications), a timer.
//! Emits: launches in the ledger, in the transaction of the decision.

mod record;
mod request;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use actors::kit::{Child, Next, Notifier, Periodic, Schedule};
use chrono::TimeDelta;
use db::{
    DbError,
    provisioner::{BucketRate, Decided, Decisions},
};
use protocol::time::Timestamp;

use self::view::Prepared;
use crate::{
    decision::{Tokens, decide},
    offerings::Offerings,
    shared::{PendingPools, Shared},
};

pub(crate) use request::StoredRequest;

/// Pools in one transaction: few enough that nobody waits long for their locks.
const POOLS_A_TRANSACTION: i32 = 16;
/// The index of due pools is looked at this often.
const INTERVAL: Duration = Duration::from_secs(1);
/// A pool that cannot be decided about is looked at again after this time.
const RETRY: TimeDelta = TimeDelta::minutes(1);
const ALL: &str = "all";

pub(crate) struct Pools {
    shared: Arc<Shared>,
    pending: PendingPools,
    launchers: Notifier,
}

pub(crate) fn child(shared: &Arc<Shared>, pending: &PendingPools, launchers: Notifier) -> (Child, Notifier) {
    let (shared, pending) = (shared.clone(), pending.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("pools"));
    schedule.child("provisioner/pools", move |_| Pools {
        shared: shared.clone(),
        pending: pending.clone(),
        launchers: launchers.clone(),
    })
}

impl Periodic for Pools {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let woken = self.pending.take();
        let now = self.shared.clock.now();
        if !woken.is_empty() {
            self.shared.db.provision_wake(&woken, now).await?;
        }
        let Some(decisions) = self.shared.db.provision_decisions_begin(POOLS_A_TRANSACTION, now).await? else {
            return Ok(Next::IDLE);
        };
        let is_full = decisions.locked.len() >= usize::try_from(POOLS_A_TRANSACTION).unwrap_or(usize::MAX);
        if decide_all(&self.shared, decisions, now).await? > 0 {
            self.launchers.notify();
        }
        Ok(if is_full { Next::AGAIN } else { Next::DONE.pause(self.shared.settings.coalesce.duration()) })
    }
}

/// Decides about all pools of a transaction and commits; how many launches there are.
pub(crate) async fn decide_all(shared: &Shared, mut decisions: Decisions, now: Timestamp) -> Result<usize, DbError> {
    let rows = std::mem::take(&mut decisions.views);
    let pools: Vec<Prepared> = rows.into_iter().filter_map(|row| Prepared::new(shared, row)).collect();
    let keys: Vec<_> = pools.iter().flat_map(Prepared::breaker_keys).collect();
    let breakers = decisions.breakers(&keys).await?;
    let offerings: Vec<_> = pools.iter().flat_map(Prepared::offerings).collect();
    let offerings = Offerings::new(decisions.offerings(&offerings).await?, now);
    let mut buckets = Buckets::read(&mut decisions, shared, &pools).await?;
    let mut decided = Vec::new();
    for pool in pools {
        let view = pool.view(&breakers, &offerings, shared.settings.canary);
        let mut limits = shared.settings.limits();
        limits.tokens = buckets.tokens(&pool);
        let decision = decide(&view, &limits, now, shared.rng.number());
        shared.metrics.record_limits(&decision.limited_by);
        for launch in &decision.launches {
            buckets.spend(&pool, &launch.launch_config, launch.instances);
        }
        decided.push(record::decided(shared, &pool, &view, &decision));
    }
    // Whatever cannot be read, or whose provider this process does not have, must not be due all the time.
    let is_open = |name: &&String| !decided.iter().any(|it: &Decided| &&it.worker_pool_id == name);
    let left: Vec<Decided> =
        decisions.locked.iter().filter(is_open).map(|name| record::undecided(name, now + RETRY)).collect();
    decided.extend(left);
    let launches = decided.iter().map(|it| it.launches.len()).sum();
    shared.metrics.record_decisions(decided.len(), decided.iter().filter(|it| !it.launches.is_empty()).count());
    decisions.commit(&decided, &buckets.spent).await?;
    Ok(launches)
}

/// The rate buckets of a transaction. They are rows, so that all processes share them.
struct Buckets {
    tokens: BTreeMap<String, f64>,
    spent: BTreeMap<String, f64>,
}

impl Buckets {
    async fn read(decisions: &mut Decisions, shared: &Shared, pools: &[Prepared]) -> Result<Self, DbError> {
        let settings = &shared.settings;
        let mut rates = BTreeMap::from([(ALL.to_owned(), settings.boot_rate)]);
        for pool in pools {
            rates.insert(pool_bucket(pool), settings.pool_boot_rate);
            rates.extend(
                pool.regions().map(|region| (region_bucket(pool.provider_id(), region), settings.region_boot_rate)),
            );
        }
        let rate = |(name, a_minute): (String, u32)| BucketRate {
            name,
            rate: f64::from(a_minute) / 60.0,
            burst: f64::from(a_minute).max(1.0),
        };
        let buckets: Vec<BucketRate> = rates.into_iter().map(rate).collect();
        Ok(Self { tokens: decisions.tokens(&buckets).await?, spent: BTreeMap::new() })
    }

    fn left(&self, name: &str) -> u32 {
        let tokens =
            self.tokens.get(name).copied().unwrap_or_default() - self.spent.get(name).copied().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and rounds down"
        )]
        let whole = tokens as u32;
        whole
    }

    fn tokens(&self, pool: &Prepared) -> Tokens {
        let region = |region: &str| {
            let key = (pool.provider_id().to_owned(), region.to_owned());
            (key, self.left(&region_bucket(pool.provider_id(), region)))
        };
        Tokens {
            pool: self.left(&pool_bucket(pool)),
            all: self.left(ALL),
            regions: pool.regions().map(region).collect(),
        }
    }

    fn spend(&mut self, pool: &Prepared, launch_config: &str, instances: u32) {
        let region = pool.region_of(launch_config).map(|region| region_bucket(pool.provider_id(), region));
        for name in [Some(ALL.to_owned()), Some(pool_bucket(pool)), region].into_iter().flatten() {
            *self.spent.entry(name).or_default() += f64::from(instances);
        }
    }
}

fn pool_bucket(pool: &Prepared) -> String {
    format!("pool {}", pool.id())
}

/// The name of the bucket of a region.
pub(crate) fn region_bucket(provider: &str, region: &str) -> String {
    format!("region {provider} {region}")
}
