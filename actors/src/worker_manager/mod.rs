//! Worker-manager: worker pools, their launch configs, workers and errors; registration of workers.
//!
//! Owns: its tables; nothing in memory.
//! Woken by: requests.
//! Emits: events about pools, launch configs and workers, through the outbox. It never calls a provider: what is to be
//! done there is written into rows, and the provisioner is notified.

mod advice;
mod cloud_settings;
mod config;
mod create_pool;
mod create_worker;
mod credentials;
mod delete_pool;
mod error;
mod errors;
pub mod identity;
mod known_workers;
mod launch_configs;
mod offering_settings;
mod plan_pool;
mod pool;
mod providers;
mod provisioning;
mod register;
mod remove_worker;
mod report_error;
mod reregister;
mod settings;
#[cfg(test)]
mod tests;
mod update_pool;
mod workers;

use std::sync::Arc;

use base::{Clock, KeyRing, Rng};
use db::Db;
use protocol::id::{TaskQueueId, WorkerName};

pub use advice::Advised;
pub use cloud_settings::{AwsSettings, AzureSettings, GoogleSettings, KubernetesSettings};
pub use create_worker::NewWorker;
pub use db::provisioner::{BreakerStatus, LaunchConfigStatus, LaunchHistoryRow, ProvisionStatus};
pub use db::worker_manager::KnownWorker;
pub use db::worker_manager::{PoolErrorFilter, PoolWorkerFilter, PoolWorkerRow, WorkerCounts};
pub use error::WorkerManagerError;
pub use errors::{ErrorStats, PoolError};
pub use known_workers::{KnownWorkersRequest, STANDALONE};
pub use launch_configs::LaunchConfig;
pub use offering_settings::OfferingSettings;
pub use plan_pool::{PlannedPool, PoolOperation};
pub use pool::{Pool, PoolRequest};
pub use providers::Providers;
pub use provisioning::PauseRequest;
pub use register::{RegisterRequest, Registered};
pub use report_error::ErrorReport;
pub use reregister::ReregisterRequest;
pub use settings::{ProviderSettings, ProviderSettingsError, ProviderType, WorkerManagerSettings};

use crate::{auth::Clients, kit::Notifications};

/// The worker-manager service.
#[derive(Clone)]
pub struct WorkerManager {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// Seals the secrets of workers.
    pub keys: Arc<KeyRing>,
    pub providers: Arc<Providers>,
    /// Has the client that issues the credentials of workers.
    pub clients: Clients,
    /// What follows when runs of a removed worker are ended, a pool was changed, or a worker is to be stopped.
    pub notifications: Notifications,
    /// The audience of identity tokens.
    pub root_url: String,
}

type Result<T, E = WorkerManagerError> = std::result::Result<T, E>;

impl WorkerManager {
    /// After a commit that wrote events, and perhaps something for the provisioner.
    fn changed(&self) {
        self.notifications.relay.notify();
        self.notifications.pools.notify();
    }
}

/// For what a secret of a worker is sealed: it opens for this worker only.
fn secret_purpose(kind: &str, pool: &TaskQueueId, worker: &WorkerName) -> String {
    format!("worker {kind} {pool}/{}/{}", worker.worker_group, worker.worker_id)
}
