//! Fetches the public keys by which machines of one provider prove their identity, so that a registration needs no call.
//!
//! Owns: nothing.
//! Woken by: a timer.
//! Emits: nothing.

use std::{sync::Arc, time::Duration};

use actors::kit::{Child, Next, Periodic, Schedule};
use chrono::TimeDelta;
use db::{DbError, worker_manager::IdentityKey};

use crate::shared::{ProviderHandle, Shared, in_time};

/// Where the provider does not say how long its keys are good, and as often as at most.
const INTERVAL: Duration = Duration::from_hours(1);
const MIN_INTERVAL: Duration = Duration::from_mins(5);
/// After an error.
const RETRY: Duration = Duration::from_mins(1);
/// Keys are used this long if the provider does not answer any more; one that it does not publish any more is replaced by the others at
/// the next answer.
const KEEP: TimeDelta = TimeDelta::days(7);

pub(crate) struct Keys {
    pub(crate) shared: Arc<Shared>,
    pub(crate) provider: ProviderHandle,
}

pub(crate) fn child(shared: &Arc<Shared>, provider: &ProviderHandle) -> Child {
    let (shared, provider) = (shared.clone(), provider.clone());
    let schedule = Schedule::every(INTERVAL, shared.rng.branch("keys"));
    let name = format!("provisioner/keys/{}", provider.id);
    schedule.child(&name, move |_| Keys { shared: shared.clone(), provider: provider.clone() }).0
}

impl Periodic for Keys {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let (provider, now) = (&self.provider.id, self.shared.clock.now());
        let published = match in_time(self.provider.driver.identity_keys()).await {
            Ok(Some(published)) => published,
            Ok(None) => return Ok(Next::IDLE),
            Err(error) => {
                tracing::warn!(provider, %error, "public keys of the provider cannot be fetched");
                return Ok(Next::IDLE.within(RETRY));
            }
        };
        for (key_id, key) in published.keys {
            let key = IdentityKey { key_id, key, expires: now + KEEP };
            self.shared.db.set_identity_key(provider, &key, now).await?;
        }
        Ok(Next::DONE.within(published.max_age.clamp(MIN_INTERVAL, INTERVAL)))
    }
}
