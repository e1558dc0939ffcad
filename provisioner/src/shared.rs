//! What the actors of the provisioner have in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actors::{
    kit::{Notifications, Notifier},
    worker_manager::OfferingSettings,
};
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::Db;
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::{
    metrics::Metrics,
    provider::{Provider, ProviderError, ProviderResult},
    settings::ProvisionSettings,
};

/// How long one call to a provider may take. A launcher's lease is longer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// How long a launch with a lost answer counts as supply.
pub(crate) const GIVE_UP_AFTER: TimeDelta = TimeDelta::minutes(15);

/// A provider of the settings.
#[derive(Clone)]
pub struct ProviderHandle {
    /// As worker pools name it.
    pub id: String,
    pub driver: Arc<dyn Provider>,
    /// What the operator says about what it sells.
    pub offerings: Vec<OfferingSettings>,
}

impl fmt::Debug for ProviderHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What the provisioner depends on.
pub struct ProvisionerParts {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub settings: ProvisionSettings,
    pub providers: Vec<ProviderHandle>,
    pub root_url: String,
    /// Who is notified of tasks that are pending again, and of events.
    pub notifications: Notifications,
}

pub(crate) struct Shared {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Rng,
    pub(crate) settings: ProvisionSettings,
    pub(crate) root_url: String,
    /// The tag `drover-deployment`.
    pub(crate) deployment: String,
    pub(crate) notifications: Notifications,
    pub(crate) metrics: Metrics,
    providers: BTreeMap<String, ProviderHandle>,
}

impl Shared {
    pub(crate) fn new(parts: ProvisionerParts) -> Self {
        let ProvisionerParts { db, clock, rng, settings, providers, root_url, notifications } = parts;
        let providers = providers.into_iter().map(|provider| (provider.id.clone(), provider)).collect();
        let deployment = deployment(&root_url);
        Self { db, clock, rng, settings, root_url, deployment, notifications, metrics: Metrics::new(), providers }
    }

    pub(crate) fn provider(&self, id: &str) -> Option<&ProviderHandle> {
        self.providers.get(id)
    }

    pub(crate) fn providers(&self) -> impl Iterator<Item = &ProviderHandle> {
        self.providers.values()
    }
}

/// Tells machines of this deployment from those of others in the same account.
pub fn deployment(root_url: &str) -> String {
    let hash = Sha256::digest(root_url.trim_end_matches('/').as_bytes());
    hex::encode(&hash[..12])
}

/// A call that is given up in time, whatever the driver does.
pub(crate) async fn in_time<T>(call: impl Future<Output = ProviderResult<T>>) -> ProviderResult<T> {
    match timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => answer,
        Err(_) => Err(ProviderError::unanswered(format!("no answer within {CALL_TIMEOUT:?}"))),
    }
}

/// Wakes the actors of this process. Cheap to clone and to call; what is lost is found by a timer.
#[derive(Clone, Debug)]
pub struct ProvisionerNotifier {
    pub(crate) pools: Notifier,
    pub(crate) checkers: Notifier,
    pub(crate) emails: Notifier,
    pub(crate) pending: PendingPools,
}

/// Task queues in which tasks became pending.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingPools(Arc<Mutex<BTreeSet<String>>>);

impl PendingPools {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_iter().collect()
    }
}

impl ProvisionerNotifier {
    /// Tasks became pending.
    pub fn tasks_pending(&self, task_queue_id: &str) {
        self.pending.0.lock().unwrap_or_else(PoisonError::into_inner).insert(task_queue_id.to_owned());
        self.pools.notify();
    }

    /// A worker pool was written, a worker is to be stopped, or an error was reported.
    pub fn pools_changed(&self) {
        self.pools.notify();
        self.checkers.notify();
        self.emails.notify();
    }
}
