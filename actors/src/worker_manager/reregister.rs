//! A registered worker gets further credentials for the secret of its last registration.

use db::worker_manager::{PoolWorkerRow, Registration};
use protocol::{
    id::{TaskQueueId, WorkerName},
    worker_pool::WorkerState,
};
use serde_json::Value;

use super::{
    Registered, Result, WorkerManager, WorkerManagerError, identity::are_equal, pool::reregistration_timeout,
    register::SECRET, secret_purpose,
};

/// What a worker says.
pub struct ReregisterRequest {
    pub worker_pool_id: TaskQueueId,
    pub worker: WorkerName,
    pub secret: String,
}

impl WorkerManager {
    /// Exchanges the secret for another one, and issues credentials.
    pub async fn reregister(&self, request: ReregisterRequest) -> Result<Registered> {
        let ReregisterRequest { worker_pool_id: pool, worker, secret } = request;
        let now = self.clock.now();
        let row = self.db.pool_worker(&pool, &worker).await?.ok_or(WorkerManagerError::Secret)?;
        let purpose = secret_purpose(SECRET, &pool, &worker);
        let sealed = self.last_secret(&row, &secret, &purpose)?;
        if row.state != WorkerState::Running {
            return Err(WorkerManagerError::NotRunning);
        }
        if row.expires <= now {
            return Err(WorkerManagerError::Expired);
        }
        let (secret, expires) = (self.new_secret(), now + reregistration_timeout(&row.lifecycle));
        let new = Registration {
            secret: self.keys.seal(&secret, &purpose, &self.rng),
            terminate_after: expires,
            check_at: None,
        };
        let done = self.db.reregister_pool_worker(&pool, &worker, &sealed, &new, now).await?;
        done.ok_or(WorkerManagerError::Secret)?;
        let credentials = self.credentials(&row.provider_id, &pool, &worker, now, expires);
        Ok(Registered { expires, credentials, worker_config: Value::Null, secret })
    }

    /// The sealed secret of the row, if it is this one.
    fn last_secret(&self, row: &PoolWorkerRow, secret: &str, purpose: &str) -> Result<base::SealedText> {
        let sealed = row.sealed_secret.clone().ok_or(WorkerManagerError::Secret)?;
        let last = self.keys.open(&sealed, purpose).map_err(WorkerManagerError::Sealed)?;
        if are_equal(&last, secret) { Ok(sealed) } else { Err(WorkerManagerError::Secret) }
    }
}
