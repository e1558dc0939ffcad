//! The credentials of workers.

use chrono::TimeDelta;
use protocol::{
    certificate::{self, Credentials, Order},
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
};

use super::WorkerManager;

/// Clocks of machines may be behind.
const CLOCK_DRIFT: TimeDelta = TimeDelta::minutes(15);
/// Letters of a secret.
const SECRET_BYTES: usize = 33;

impl WorkerManager {
    /// Named credentials with which a worker claims work of its pool and manages itself.
    pub(super) fn credentials(
        &self,
        provider_id: &str,
        pool: &TaskQueueId,
        worker: &WorkerName,
        now: Timestamp,
        expires: Timestamp,
    ) -> Credentials {
        let WorkerName { worker_group: group, worker_id: id } = worker;
        let name = format!("worker/{provider_id}/{pool}/{group}/{id}");
        let mut scopes = vec![
            format!("assume:worker-type:{pool}"),
            format!("assume:worker-pool:{pool}"),
            format!("assume:worker-id:{group}/{id}"),
            format!("queue:worker-id:{group}/{id}"),
            format!("secrets:get:worker-type:{pool}"),
            format!("secrets:get:worker-pool:{pool}"),
            format!("queue:claim-work:{pool}"),
            format!("worker-manager:remove-worker:{pool}/{group}/{id}"),
            format!("worker-manager:reregister-worker:{pool}/{group}/{id}"),
            format!("worker-manager:should-worker-terminate:{pool}/{group}/{id}"),
        ];
        // At a Taskcluster server a role of the pool gives it, so workers of providers that it has too get no more than there.
        if self.provider(provider_id).is_ok_and(|provider| provider.provider_type().is_extension()) {
            scopes.push(format!("purge-cache:purge-requests::{pool}"));
        }
        let order = Order { name: Some(&name), scopes, start: now - CLOCK_DRIFT, expiry: expires };
        let issuer = self.clients.queue();
        certificate::issue(&issuer.client_id, &issuer.access_token, order, self.rng.bytes())
    }

    /// A secret of 44 characters.
    pub(super) fn new_secret(&self) -> String {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.encode(self.rng.bytes::<SECRET_BYTES>())
    }
}
