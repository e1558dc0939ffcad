//! Worker pools, their workers and the registration of those.

use std::sync::Arc;

use ::api::Routes;
use actors::worker_manager::{Providers, WorkerManager as Handle, WorkerManagerSettings};
use base::settings::Section;

use super::{auth, providers, provisioner, queue};
use crate::{
    dev_workers::LocalPools,
    service::{Context, Service, StartError},
};

pub(super) struct WorkerManager;

impl Service for WorkerManager {
    fn name(&self) -> &'static str {
        "worker-manager"
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<WorkerManagerSettings>("worker_manager"))
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::worker_manager::routes(handle(context)?)])
    }
}

/// Worker-manager and the machines of this process.
pub(crate) fn local_pools(context: &Context) -> Result<LocalPools, StartError> {
    let machines = provisioner::local_providers(context).map_err(StartError::Setting)?;
    Ok(LocalPools { manager: handle(context)?, machines })
}

fn handle(context: &Context) -> Result<Handle, StartError> {
    let providers = Providers::new(&providers::settings(context))
        .map_err(|error| StartError::Setting(format!("the setting `worker_manager.providers`: {error}")))?;
    Ok(Handle {
        db: context.db.clone(),
        clock: context.clock.clone(),
        rng: context.rng.branch("worker-manager"),
        keys: context.key_ring.clone(),
        providers: Arc::new(providers),
        clients: auth::handle(context).clients().clone(),
        notifications: queue::notifiers(context),
        root_url: context.root_url.clone(),
    })
}
