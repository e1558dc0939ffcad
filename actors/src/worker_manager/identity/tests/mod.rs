//! Proofs that are made as the clouds make them, by keys and certificates of `openssl`, and each form of tampering.

mod attested;
mod documents;
mod openssl;
mod secrets;
mod tokens;

use chrono::{DateTime, TimeDelta};
use db::worker_manager::PoolWorkerRow;
use protocol::{
    id::{TaskQueueId, WorkerName},
    time::Timestamp,
    worker_pool::WorkerState,
};
use serde_json::{Value, json};

use super::*;
use crate::worker_manager::{GoogleSettings, KubernetesSettings};

const ROOT_URL: &str = "https://tc.example.com";

/// The certificates of `openssl` are valid from its own time on.
fn now() -> Timestamp {
    use base::{Clock, SystemClock};
    SystemClock.now() + TimeDelta::minutes(1)
}

fn row(id: &str, provider_data: Value) -> PoolWorkerRow {
    let time = DateTime::from_timestamp_millis(1_700_000_000_000).unwrap();
    PoolWorkerRow {
        worker_pool_id: TaskQueueId("proj/pool".to_owned()),
        worker: WorkerName { worker_group: "g".to_owned(), worker_id: id.to_owned() },
        provider_id: "cloud".to_owned(),
        launch_config_id: None,
        state: WorkerState::Requested,
        capacity: 1,
        created: time,
        expires: time,
        last_modified: time,
        last_checked: time,
        sealed_secret: None,
        provider_data,
        lifecycle: json!({}),
    }
}

fn settings(provider_type: ProviderType) -> ProviderSettings {
    let google = GoogleSettings {
        project: "p".to_owned(),
        worker_service_account_id: "123".to_owned(),
        ..GoogleSettings::default()
    };
    let kubernetes = KubernetesSettings::default();
    ProviderSettings { id: "cloud".to_owned(), provider_type, google, kubernetes, ..ProviderSettings::default() }
}

fn outcome(
    provider_type: ProviderType,
    proof: &Proof,
    row: &PoolWorkerRow,
    keys: &KeySet,
) -> Result<(), IdentityError> {
    let settings = settings(provider_type);
    let expected = Expected { settings: &settings, root_url: ROOT_URL, worker: row, static_secret: None };
    verify(proof, &expected, keys, now())
}
