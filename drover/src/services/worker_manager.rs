//! Worker pools, their workers and the registration of those.

use std::sync::Arc;

use ::api::Routes;
use actors::worker_manager::{Providers, WorkerManager as Handle, WorkerManagerSettings};
use base::settings::Section;

use super::{auth, provisioner, queue};
use crate::service::{Context, Service, StartError};

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

fn handle(context: &Context) -> Result<Handle, StartError> {
    let providers = Providers::new(context.settings::<WorkerManagerSettings>())
        .map_err(|error| StartError::Setting(format!("the setting `worker_manager.providers`: {error}")))?;
    Ok(Handle {
        db: context.db.clone(),
        clock: context.clock.clone(),
        rng: context.rng.branch("worker-manager"),
        keys: context.key_ring.clone(),
        providers: Arc::new(providers),
        clients: auth::handle(context).clients().clone(),
        notifications: queue::notifiers(context),
        provisioner: provisioner::notify_here(context),
        root_url: context.root_url.clone(),
    })
}
