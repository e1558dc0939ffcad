//! The small services beside the queue: index, secrets, purge-cache, pushes for Treeherder, and live events.

use std::sync::Arc;

use actors::{
    index::Index,
    kit::Child,
    live::Live,
    purge_cache::PurgeCache,
    secrets::Secrets,
    treeherder::{Pushes, Reporter},
};
use base::KeyRing;
use bus::Bus;

use crate::{role::Role, roles::Plan};

/// Their doors.
pub(crate) struct Services {
    pub(crate) index: Index,
    pub(crate) secrets: Secrets,
    pub(crate) purge_cache: PurgeCache,
    pub(crate) pushes: Pushes,
    pub(crate) live: Live,
}

impl Services {
    pub(crate) fn new(plan: &Plan, ring: Arc<KeyRing>, bus: &Arc<dyn Bus>) -> Self {
        let (db, clock) = (&plan.db, &plan.system.clock);
        let rng = plan.system.rng.branch("secrets");
        Self {
            live: Live::new(db.clone(), &plan.exchange_names, &plan.settings.relay),
            index: Index::new(db.clone(), clock.clone()),
            secrets: Secrets::new(db.clone(), clock.clone(), rng, ring),
            purge_cache: PurgeCache::new(db.clone(), clock.clone()),
            pushes: Pushes {
                db: db.clone(),
                bus: bus.clone(),
                route_prefixes: plan.settings.treeherder.route_prefixes.clone(),
            },
        }
    }

    /// Their parts and the roles that run them. They come before the relay, which on a bus in memory drops what nobody
    /// listens to; there the listener must also be in the process of the relay.
    pub(crate) fn parts(&self, plan: &Plan, bus: &Arc<dyn Bus>, root_url: &str) -> Vec<(Role, Vec<Child>)> {
        let listener = self.index.listener(bus.clone(), &plan.exchange_names, plan.system.rng.branch("index"));
        let in_memory = plan.settings.bus.amqp_url.is_empty();
        let role = if in_memory { Role::Relay } else { Role::Index };
        let reporter = (Role::Treeherder, reporter(plan, bus, root_url));
        vec![(role, vec![listener]), reporter, (Role::Api, vec![self.secrets.resealer(), self.live.part()])]
    }
}

/// No part where events stay inside of another process.
fn reporter(plan: &Plan, bus: &Arc<dyn Bus>, root_url: &str) -> Vec<Child> {
    let in_memory = plan.settings.bus.amqp_url.is_empty();
    if in_memory && !plan.roles.contains(&Role::Relay) {
        return Vec::new();
    }
    if !plan.roles.contains(&Role::Api) && plan.settings.api.root_url.is_empty() {
        tracing::warn!(root_url, "job messages will link to this address: the setting `api.root_url` is empty");
    }
    let reporter = Reporter {
        db: plan.db.clone(),
        bus: bus.clone(),
        clock: plan.system.clock.clone(),
        rng: plan.system.rng.branch("treeherder"),
        settings: plan.settings.treeherder.clone(),
        names: plan.exchange_names.clone(),
        root_url: root_url.to_owned(),
        events: plan.settings.relay.own_exchange.clone(),
    };
    vec![reporter.listener()]
}
