//! A worker's time with worker-manager: it registers, renews its credentials, asks whether it may stop, and says when it has.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use protocol::{
    certificate::Credentials,
    time::{self, Timestamp},
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Advisor, MachineIdentity};
use crate::{
    Worker,
    client::{Client, ClientError},
    error_report::ErrorReporter,
};

/// Credentials are renewed when this share of their time is over.
const RENEW_AT: f64 = 0.6;
const MAX_SLEEP: Duration = Duration::from_hours(6);
const RETRY: Duration = Duration::from_secs(20);
/// A machine may be faster than the provisioner that records it, which may also have been killed in between.
const RECORDED_WITHIN: Duration = Duration::from_mins(2);
/// Between two tries of a machine that is not recorded yet.
const RECORDED_INTERVAL: Duration = Duration::from_millis(500);

/// What registerWorker and reregisterWorker answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registered {
    #[serde(with = "time::wire")]
    pub expires: Timestamp,
    pub credentials: Credentials,
    /// For the next reregisterWorker, once.
    secret: String,
    /// Of the launch config; not in the answer to reregisterWorker.
    #[serde(default)]
    pub worker_config: Value,
}

/// A registered worker.
pub struct Session {
    client: Client,
    identity: MachineIdentity,
    registered: Registered,
    credentials: watch::Sender<Credentials>,
    clock: Arc<dyn Clock>,
}

impl Session {
    /// Of a machine that a provisioner launched, whose record may come after it.
    pub async fn register_launched(
        identity: MachineIdentity,
        clock: Arc<dyn Clock>,
        rng: Rng,
    ) -> Result<Self, ClientError> {
        let deadline = clock.now() + RECORDED_WITHIN;
        loop {
            match Self::register(identity.clone(), clock.clone(), rng.clone()).await {
                Err(error) if error.is_not_found() && clock.now() < deadline => {
                    tracing::debug!(error = error.in_full(), "this machine is not recorded yet; trying again");
                    tokio::time::sleep(RECORDED_INTERVAL).await;
                }
                registered => return registered,
            }
        }
    }

    pub async fn register(identity: MachineIdentity, clock: Arc<dyn Clock>, rng: Rng) -> Result<Self, ClientError> {
        let anonymous = Client::new(&identity.root_url, None, clock.clone(), rng)?;
        let body = json!({
            "workerPoolId": identity.worker_pool_id,
            "providerId": identity.provider_id,
            "workerGroup": identity.worker_group,
            "workerId": identity.worker_id,
            "workerIdentityProof": identity.proof,
        });
        let registered: Registered = anonymous.post("worker-manager/v1/worker/register", &body).await?;
        let credentials = watch::Sender::new(registered.credentials.clone());
        let client = anonymous.renewing(credentials.subscribe());
        Ok(Self { client, identity, registered, credentials, clock })
    }

    pub fn registered(&self) -> &Registered {
        &self.registered
    }

    /// The credentials as they are renewed.
    pub fn credentials(&self) -> watch::Receiver<Credentials> {
        self.credentials.subscribe()
    }

    /// Returns, with the reason, once the worker is to stop: it has been idle for so long and is not needed, or its registration is over.
    pub async fn until_over(&mut self, worker: &Worker, idle: Duration) -> String {
        let advice = self.advisor();
        tokio::select! {
            why = advice.until_not_needed(worker, idle) => why,
            why = self.until_ended() => why,
        }
    }

    /// For problems of the worker, with its credentials as they are renewed.
    pub fn errors(&self) -> ErrorReporter {
        let MachineIdentity { worker_pool_id, worker_group, worker_id, .. } = &self.identity;
        ErrorReporter::worker_manager(self.client.clone(), worker_pool_id, worker_group, worker_id)
    }

    fn advisor(&self) -> Advisor {
        let MachineIdentity { worker_pool_id, worker_group, worker_id, .. } = &self.identity;
        Advisor::new(self.client.clone(), worker_pool_id, worker_group, worker_id)
    }

    /// Says that the worker has stopped. Where no answer comes, the provisioner finds it.
    pub async fn remove(&self) {
        let advisor = self.advisor();
        if let Err(error) = self.client.call::<Value>(Method::DELETE, advisor.worker_path(), None).await {
            tracing::warn!(error = error.in_full(), "worker-manager did not answer that the worker stops");
        }
    }

    /// Renews the credentials in good time. Returns when that is refused, or they have run out.
    async fn until_ended(&mut self) -> String {
        loop {
            tokio::time::sleep(self.remaining().mul_f64(RENEW_AT).min(MAX_SLEEP)).await;
            if self.remaining() > MAX_SLEEP.mul_f64(2.0) {
                continue;
            }
            match self.renew().await {
                Ok(()) => {}
                Err(error) if !error.is_transient() => {
                    return format!("the registration cannot be renewed: {}", error.in_full());
                }
                Err(_) if self.remaining().is_zero() => return "the registration has expired".to_owned(),
                Err(error) => {
                    tracing::warn!(error = error.in_full(), "the registration could not be renewed; trying again");
                    tokio::time::sleep(RETRY.min(self.remaining())).await;
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<(), ClientError> {
        let MachineIdentity { worker_pool_id, worker_group, worker_id, .. } = &self.identity;
        let body = json!({
            "workerPoolId": worker_pool_id,
            "workerGroup": worker_group,
            "workerId": worker_id,
            "secret": self.registered.secret,
        });
        let renewed: Registered = self.client.post("worker-manager/v1/worker/reregister", &body).await?;
        self.credentials.send_replace(renewed.credentials.clone());
        self.registered = renewed;
        Ok(())
    }

    fn remaining(&self) -> Duration {
        (self.registered.expires - self.clock.now()).to_std().unwrap_or_default()
    }
}
