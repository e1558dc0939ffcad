//! The providers of workers that worker-manager and the provisioner share.

use actors::worker_manager::WorkerManagerSettings;

use crate::service::Context;

/// The providers of the settings, and those that the process adds.
pub(super) fn settings(context: &Context) -> WorkerManagerSettings {
    let mut settings = context.settings::<WorkerManagerSettings>().clone();
    settings.providers.extend(context.more_providers.iter().cloned());
    settings
}
