//! The driver of Google Cloud, and its workers, against the Compute Engine of `tests/src/servers/google`.

#![allow(clippy::unwrap_used, reason = "everything here is a test or its support")]

mod end_to_end;
mod launching;

use std::{collections::BTreeMap, sync::Arc};

use base::{Clock, Rng, SystemClock};
use chrono::TimeDelta;
use provisioner::{
    decision::FailureClass,
    provider::{Launch, ProviderError, UserData, google::Google},
};
use serde_json::{Value, json};
use tests::{TestDirectory, servers::GoogleCloud};

const DEPLOYMENT: &str = "0f00d";
const ZONE: &str = "us-central1-a";

/// A project with nothing in it, and a driver for it.
struct GoogleEnv {
    cloud: GoogleCloud,
    driver: Google,
    _directory: TestDirectory,
}

fn launch_config() -> Value {
    json!({
        "region": "us-central1", "zone": ZONE, "machineType": format!("zones/{ZONE}/machineTypes/n2-standard-4"),
        "disks": [{ "boot": true, "autoDelete": true, "initializeParams": { "sourceImage": "projects/p/global/images/worker" } }],
        "networkInterfaces": [{ "network": "global/networks/default" }],
        "scheduling": { "provisioningModel": "SPOT", "onHostMaintenance": "TERMINATE" },
        "labels": { "team": "ci" },
    })
}

impl GoogleEnv {
    /// `None`: openssl is not here.
    fn start() -> Option<Self> {
        // An error says that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = TestDirectory::new();
        let cloud = GoogleCloud::start(directory.path(), None)?;
        let driver = driver(cloud.settings());
        Some(Self { cloud, driver, _directory: directory })
    }
}

fn driver(settings: Value) -> Google {
    let settings = serde_json::from_value(settings).unwrap();
    Google::new(settings, DEPLOYMENT, Arc::new(SystemClock), Rng::system()).unwrap()
}

fn launch(instances: u32) -> Launch {
    let id = uuid::Uuid::from_bytes(Rng::system().uuid_bytes());
    let tags = [
        ("Owner", "owner@example.com"),
        ("WorkerPoolId", "proj/linux"),
        ("drover-deployment", DEPLOYMENT),
        ("drover-launch", &id.to_string()),
    ];
    Launch {
        id,
        region: ZONE.to_owned(),
        instances,
        configuration: launch_config(),
        user_data: UserData {
            worker_pool_id: "proj/linux".to_owned(),
            provider_id: "google".to_owned(),
            worker_group: ZONE.to_owned(),
            root_url: "https://drover.example.com".to_owned(),
            worker_config: json!({}),
            launch_config_id: "lc-1".to_owned(),
            additional: BTreeMap::new(),
        },
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        deadline: SystemClock.now() + TimeDelta::seconds(30),
    }
}

fn class(error: &ProviderError) -> Option<FailureClass> {
    match error {
        ProviderError::Refused { class, .. } => Some(*class),
        ProviderError::Unanswered { .. } => None,
    }
}
