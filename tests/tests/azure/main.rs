//! The driver of Azure, and its workers, against the resource group of `tests/src/servers/azure`.

#![allow(clippy::unwrap_used, reason = "everything here is a test or its support")]

mod end_to_end;
mod launching;

use std::{collections::BTreeMap, sync::Arc};

use base::{Clock, Rng, SystemClock};
use chrono::TimeDelta;
use provisioner::{
    decision::FailureClass,
    provider::{Launch, ProviderError, UserData, azure::Azure},
};
use serde_json::{Value, json};
use tests::{TestDirectory, servers::AzureCloud};

const DEPLOYMENT: &str = "0f00d0f00d0f";
const LOCATION: &str = "eastus";

/// A resource group with nothing in it, and a driver for it.
struct AzureEnv {
    cloud: AzureCloud,
    driver: Azure,
    _directory: TestDirectory,
}

fn launch_config() -> Value {
    let parameter = json!({ "type": "string" });
    let names = ["vmName", "customData", "userData", "location", "vmSize", "priority"];
    let parameters: serde_json::Map<String, Value> =
        names.into_iter().map(|name| (name.to_owned(), parameter.clone())).collect();
    json!({
        "armDeployment": {
            "mode": "Incremental",
            "template": { "contentVersion": "1.0.0.0", "parameters": parameters, "resources": [] },
            "parameters": {
                "location": { "value": LOCATION }, "vmSize": { "value": "Standard_D4s_v5" }, "priority": { "value": "Spot" },
            },
        },
    })
}

impl AzureEnv {
    /// `None`: openssl is not here.
    fn start() -> Option<Self> {
        // An error says that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = TestDirectory::new();
        let cloud = AzureCloud::start(directory.path(), None)?;
        let driver = driver(cloud.settings());
        Some(Self { cloud, driver, _directory: directory })
    }
}

fn driver(settings: Value) -> Azure {
    let settings = serde_json::from_value(settings).unwrap();
    Azure::new(settings, DEPLOYMENT, Arc::new(SystemClock), Rng::system()).unwrap()
}

fn launch(instances: u32) -> Launch {
    let id = uuid::Uuid::from_bytes(Rng::system().uuid_bytes());
    let tags = [("WorkerPoolId", "proj/linux"), ("drover-deployment", DEPLOYMENT), ("drover-launch", &id.to_string())];
    Launch {
        id,
        region: LOCATION.to_owned(),
        instances,
        configuration: launch_config(),
        user_data: UserData {
            worker_pool_id: "proj/linux".to_owned(),
            provider_id: "azure".to_owned(),
            worker_group: LOCATION.to_owned(),
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
