//! A worker that has started proves its identity and gets credentials.

use chrono::TimeDelta;
use db::worker_manager::{PoolRow, PoolWorkerRow, Registration};
use protocol::{
    certificate::Credentials,
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
    worker_pool::WorkerState,
};
use serde_json::{Map, Value};

use super::{
    ProviderType, Result, WorkerManager, WorkerManagerError,
    identity::{self, Proof},
    pool::reregistration_timeout,
    providers::Provider,
    secret_purpose,
    workers::no_such_worker,
};

/// What a worker says of itself.
pub struct RegisterRequest {
    pub worker_pool_id: TaskQueueId,
    pub provider_id: String,
    pub worker: WorkerName,
    pub proof: Proof,
}

/// What it gets.
pub struct Registered {
    pub expires: Timestamp,
    pub credentials: Credentials,
    /// Only of a first registration.
    pub worker_config: Value,
    /// What it reregisters with, once.
    pub secret: String,
}

/// A machine that runs is checked this much later by its provider.
const CHECK_RUNNING: TimeDelta = TimeDelta::minutes(5);
/// What the secret of a registration is sealed for.
pub(super) const SECRET: &str = "secret";

impl WorkerManager {
    /// Registers a worker. The order of the checks is part of the contract.
    pub async fn register(&self, request: RegisterRequest) -> Result<Registered> {
        let RegisterRequest { worker_pool_id, provider_id, worker, proof } = request;
        let now = self.clock.now();
        let pool = self.pool_row(&worker_pool_id).await?;
        let provider = self.provider(&provider_id)?;
        if pool.provider_id != provider_id && !pool.previous_provider_ids.contains(&provider_id) {
            return Err(WorkerManagerError::NotOfPool(provider_id));
        }
        let row = self.db.pool_worker(&worker_pool_id, &worker).await?;
        let row = row.ok_or_else(|| no_such_worker(&worker_pool_id, &worker))?;
        if row.expires <= now {
            return Err(WorkerManagerError::Expired);
        }
        if row.provider_id != provider_id {
            return Err(WorkerManagerError::NotOfProvider(provider_id));
        }
        self.prove(provider, &row, &proof, now).await?;
        self.admit(provider, &pool, &row, now).await
    }

    /// Compares the proof with the row.
    async fn prove(&self, provider: &Provider, row: &PoolWorkerRow, proof: &Proof, now: Timestamp) -> Result<()> {
        let mut keys = provider.keys.clone();
        if provider.provider_type().uses_keys() {
            for stored in self.db.identity_keys(&provider.settings.id, now).await? {
                if let Err(error) = keys.add_published(provider.provider_type(), &stored.key) {
                    tracing::error!(provider.id = provider.settings.id, %error, "a stored identity key cannot be read");
                }
            }
            if keys.is_empty() {
                return Err(WorkerManagerError::ProviderNotReady(provider.settings.id.clone()));
            }
        }
        let expected = identity::Expected {
            settings: &provider.settings,
            root_url: &self.root_url,
            worker: row,
            static_secret: self.static_secret(row)?,
        };
        identity::verify(proof, &expected, &keys, now).map_err(|error| {
            let WorkerName { worker_group, worker_id } = &row.worker;
            tracing::info!(
                worker_pool.id = %row.worker_pool_id, worker.group = worker_group, worker.id = worker_id, %error,
                "registration refused"
            );
            WorkerManagerError::Identity
        })
    }

    fn static_secret(&self, row: &PoolWorkerRow) -> Result<Option<String>> {
        let Some(sealed) = row.provider_data.get(identity::STATIC_SECRET) else { return Ok(None) };
        let sealed = serde_json::from_value(sealed.clone()).map_err(WorkerManagerError::Unreadable)?;
        let purpose = secret_purpose(identity::STATIC_SECRET, &row.worker_pool_id, &row.worker);
        self.keys.open(&sealed, &purpose).map(Some).map_err(WorkerManagerError::Sealed)
    }

    /// The worker runs from now on. Another registration may be faster: the stored function lets one of them win.
    async fn admit(
        &self,
        provider: &Provider,
        pool: &PoolRow,
        row: &PoolWorkerRow,
        now: Timestamp,
    ) -> Result<Registered> {
        let dynamic = provider.provider_type().is_dynamic();
        let from = if dynamic { WorkerState::Requested } else { WorkerState::Running };
        if row.state != from {
            return Err(WorkerManagerError::NotRegistrable(row.state.as_str()));
        }
        let worker_config = self.worker_config(provider, pool, row).await?;
        let (secret, expires) = (self.new_secret(), now + reregistration_timeout(&row.lifecycle));
        let purpose = secret_purpose(SECRET, &row.worker_pool_id, &row.worker);
        let registration = Registration {
            secret: self.keys.seal(&secret, &purpose, &self.rng),
            terminate_after: expires,
            check_at: dynamic.then_some(now + CHECK_RUNNING),
        };
        let registered = self.db.register_pool_worker(row, &registration, now).await?;
        registered.ok_or(WorkerManagerError::NotRegistrable("registered or removed"))?;
        if dynamic {
            self.changed();
        }
        let credentials = self.credentials(&row.provider_id, &row.worker_pool_id, &row.worker, now, expires);
        Ok(Registered { expires, credentials, worker_config, secret })
    }

    /// Of a static worker that of its pool, of any other that of its launch config.
    async fn worker_config(&self, provider: &Provider, pool: &PoolRow, row: &PoolWorkerRow) -> Result<Value> {
        let stored = match &row.launch_config_id {
            _ if provider.provider_type() == ProviderType::Static => Some(pool.config.clone()),
            Some(id) => self.db.launch_config(&row.worker_pool_id, id).await?.map(|config| config.configuration),
            None => None,
        };
        let Some(stored) = stored else { return Ok(Value::Object(Map::new())) };
        let stored: Value = serde_json::from_str(&stored).map_err(WorkerManagerError::Unreadable)?;
        Ok(stored.get("workerConfig").cloned().unwrap_or_else(|| Value::Object(Map::new())))
    }
}
