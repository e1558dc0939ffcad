//! The small services beside the queue: index, secrets and purge-cache.

use std::sync::Arc;

use actors::{index::Index, kit::Child, purge_cache::PurgeCache, secrets::Secrets};
use base::KeyRing;
use bus::Bus;

use crate::{
    exit::{Exit, Failure},
    role::Role,
    roles::Plan,
};

/// Their doors.
pub(crate) struct Services {
    pub(crate) index: Index,
    pub(crate) secrets: Secrets,
    pub(crate) purge_cache: PurgeCache,
}

impl Services {
    pub(crate) fn new(plan: &Plan, ring: Arc<KeyRing>) -> Self {
        let (db, clock) = (&plan.db, &plan.ground.clock);
        let entropy = plan.ground.entropy.branch("secrets");
        Self {
            index: Index::new(db.clone(), clock.clone()),
            secrets: Secrets::new(db.clone(), clock.clone(), entropy, ring),
            purge_cache: PurgeCache::new(db.clone(), clock.clone()),
        }
    }

    /// Their parts and the roles that run them. They come before the relay, which on a bus in memory drops what nobody
    /// listens to; there the listener must also be in the process of the relay.
    pub(crate) fn parts(&self, plan: &Plan, bus: &Arc<dyn Bus>) -> Result<Vec<(Role, Vec<Child>)>, Failure> {
        let names = &plan.settings.relay.exchange_names;
        let listener = self.index.listener(bus.clone(), names, plan.ground.entropy.branch("index"));
        let listener = listener
            .map_err(|error| Failure::new(Exit::Usage, format!("the setting `relay.exchange_names`: {error}")))?;
        let in_memory = plan.settings.bus.amqp_url.is_empty();
        let role = if in_memory { Role::Relay } else { Role::Index };
        Ok(vec![(role, vec![listener]), (Role::Api, vec![self.secrets.resealer()])])
    }
}
