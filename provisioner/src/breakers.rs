//! Circuit breakers as rows: which of them concern a launch, and how they change.

use db::{
    Db, DbError,
    provisioner::{BreakerKey, BreakerRow},
};
use protocol::time::Timestamp;
use serde_json::Value;

use crate::{
    decision::{Breaker, FailureClass},
    provider::OfferingKey,
};

const LAUNCH_CONFIG: &str = "launch-config";
const OFFERING: &str = "offering";
const QUOTA: &str = "quota";
const PROVIDER: &str = "provider";

/// The breakers that concern launches of one launch config.
#[derive(Debug, Clone)]
pub(crate) struct BreakerKeys {
    pub(crate) launch_config: BreakerKey,
    offering: BreakerKey,
    quota: BreakerKey,
    provider: BreakerKey,
}

impl BreakerKeys {
    pub(crate) fn new(provider: &str, pool: &str, launch_config: &str, offering: &OfferingKey) -> Self {
        let OfferingKey { region, instance_type, market } = offering;
        let market = market.as_str();
        Self {
            launch_config: BreakerKey { scope: LAUNCH_CONFIG, key: format!("{pool} {launch_config}") },
            offering: BreakerKey { scope: OFFERING, key: format!("{provider} {region} {instance_type} {market}") },
            quota: BreakerKey { scope: QUOTA, key: format!("{provider} {region} {market}") },
            provider: BreakerKey { scope: PROVIDER, key: provider.to_owned() },
        }
    }

    pub(crate) fn all(&self) -> [&BreakerKey; 4] {
        [&self.launch_config, &self.offering, &self.quota, &self.provider]
    }

    /// The one that opens after a failure.
    fn of(&self, class: FailureClass) -> Option<&BreakerKey> {
        match class {
            FailureClass::Capacity => Some(&self.offering),
            FailureClass::Quota => Some(&self.quota),
            FailureClass::Throttle => None,
            FailureClass::Config | FailureClass::Boot => Some(&self.launch_config),
            FailureClass::Auth => Some(&self.provider),
        }
    }

    /// Those breakers, of the rows that were read. A launch config that nothing happened to yet starts slowly.
    pub(crate) fn state(&self, rows: &[BreakerRow], canary: u32) -> Vec<Breaker> {
        let state = |key: &BreakerKey| {
            let row = rows.iter().find(|row| row.scope == key.scope && row.key == key.key);
            let read = row.and_then(|row| parse(&row.state));
            read.unwrap_or_else(|| if key.scope == LAUNCH_CONFIG { Breaker::unproven(canary) } else { Breaker::CLOSED })
        };
        self.all().map(state).into()
    }

    /// A call failed, or a machine did not boot.
    pub(crate) async fn failed(
        &self,
        db: &Db,
        class: FailureClass,
        words: &str,
        canary: u32,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let Some(key) = self.of(class) else { return Ok(()) };
        let is_unproven = key.scope == LAUNCH_CONFIG;
        db.provision_change_breaker(key, Some(words), now, |state| {
            let fresh = || if is_unproven { Breaker::unproven(canary) } else { Breaker::CLOSED };
            let mut breaker = state.as_ref().and_then(parse).unwrap_or_else(fresh);
            let before = breaker.state(now);
            breaker.failed(class, now);
            if breaker.state(now) != before {
                tracing::warn!(
                    breaker.scope = key.scope,
                    breaker.key = key.key,
                    reason = words,
                    "circuit breaker opened"
                );
            }
            serde_json::to_value(breaker).ok()
        })
        .await
    }

    /// So many machines registered.
    pub(crate) async fn succeeded(&self, db: &Db, machines: usize, canary: u32, now: Timestamp) -> Result<(), DbError> {
        for key in self.all() {
            let is_unproven = key.scope == LAUNCH_CONFIG;
            db.provision_change_breaker(key, None, now, |state| {
                let known = state.as_ref().and_then(parse);
                let mut breaker = known.or_else(|| is_unproven.then(|| Breaker::unproven(canary)))?;
                let before = breaker;
                (0..machines).for_each(|_| breaker.succeeded(now));
                (Some(breaker) != known || breaker != before).then(|| serde_json::to_value(breaker).ok()).flatten()
            })
            .await?;
        }
        Ok(())
    }
}

/// What an older or newer version wrote and this one cannot read counts as no breaker.
fn parse(state: &Value) -> Option<Breaker> {
    serde_json::from_value(state.clone()).ok()
}
