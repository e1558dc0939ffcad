//! Workers that come while tasks wait and go when they are idle: processes of this machine, from a worker pool like any other.

use std::{num::NonZero, thread};

use actors::worker_manager::{
    PoolRequest, ProviderSettings, ProviderType, WorkerManager, WorkerManagerError, WorkerManagerSettings,
};
use protocol::id::TaskQueueId;
use provisioner::provider::local::LocalProvider;
use serde_json::{Map, Value, json};

use crate::exit::{CliError, Exit, with_causes};

const PROVIDER: &str = "local";
/// Whoever deletes or changes the pool keeps it so.
const DESCRIPTION: &str = "Workers that `drover dev` starts while tasks wait for them.";
const OWNER: &str = "nobody@example.com";
/// A worker that had no task for so long ends.
const IDLE_SECONDS: u32 = 60;

/// The worker pools and machines of this process, for the time of `drover dev`.
pub(crate) struct LocalPools {
    pub(crate) manager: WorkerManager,
    /// By the ids of their providers.
    pub(crate) machines: Vec<(String, LocalProvider)>,
}

/// The provider that has to be added to those of the settings.
pub(crate) fn more_providers(settings: &WorkerManagerSettings) -> Result<Vec<ProviderSettings>, CliError> {
    match settings.providers.iter().find(|provider| provider.id == PROVIDER) {
        None => Ok(vec![ProviderSettings {
            id: PROVIDER.to_owned(),
            provider_type: ProviderType::Local,
            ..ProviderSettings::default()
        }]),
        Some(provider) if provider.provider_type == ProviderType::Local => Ok(Vec::new()),
        Some(_) => {
            let words = "the setting `worker_manager.providers` has a provider `local` of another type, which `drover dev` \
                         needs for its workers: rename it, or give --workers a number";
            Err(CliError::new(Exit::Usage, words))
        }
    }
}

impl LocalPools {
    /// The pool of this task queue, unless there is one.
    pub(crate) async fn create(&self, task_queue: &str) -> Result<(), CliError> {
        let request = PoolRequest {
            worker_pool_id: TaskQueueId(task_queue.to_owned()),
            provider_id: PROVIDER.to_owned(),
            description: DESCRIPTION.to_owned(),
            owner: OWNER.to_owned(),
            email_on_error: false,
            config: config(),
        };
        match self.manager.create_pool(request, "static/drover/dev").await {
            Ok(_) | Err(WorkerManagerError::PoolExists(_)) => Ok(()),
            Err(error) => {
                let words = format!("the worker pool {task_queue} cannot be created: {}", with_causes(&error));
                Err(CliError::new(Exit::Failed, words))
            }
        }
    }

    /// Finds out at once what became of the machines of a process that was killed.
    pub(crate) async fn recover(&self) -> Result<(), CliError> {
        let (db, now) = (&self.manager.db, self.manager.clock.now());
        for (provider, _) in &self.machines {
            let checked = db.provision_check_now(provider, now).await;
            checked.map_err(|error| CliError::new(Exit::Failed, with_causes(&error)))?;
        }
        self.manager.notifications.pools.notify();
        Ok(())
    }

    /// Ends the machines, while the server still receives what their workers report at the end.
    pub(crate) async fn stop(&self) {
        for (_, provider) in &self.machines {
            if let Err(error) = provider.stop(super::STOP_TIMEOUT).await {
                tracing::warn!(%error, "machines of this process cannot be ended");
            }
        }
    }
}

fn config() -> Map<String, Value> {
    // Tasks use processors; but one that waits for another must not wait forever on a small machine.
    let processors = thread::available_parallelism().map_or(2, NonZero::get).clamp(2, 8);
    let config = json!({
        "minCapacity": 0,
        "maxCapacity": processors,
        "launchConfigs": [{
            "workerManager": { "launchConfigId": "process" },
            "workerConfig": { "idleTimeoutSecs": IDLE_SECONDS },
        }],
    });
    config.as_object().cloned().unwrap_or_default()
}
