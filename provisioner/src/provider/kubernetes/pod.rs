//! The manifest of a worker's pod, and what is read of pods.

use std::collections::BTreeMap;

use actors::worker_manager::KubernetesSettings;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    decision::FailureClass,
    provider::{Launch, LaunchId, Machine, MachineState, ProviderError, ProviderResult, Seen, launch_name},
};

pub(super) const DEPLOYMENT: &str = "drover-deployment";
pub(super) const LAUNCH: &str = "drover-launch";
/// Where the worker finds its token and its user data.
const TOKEN_PATH: &str = "/var/run/secrets/drover";
/// The proof is made when the worker starts; the shortest time that clusters allow.
const TOKEN_SECONDS: u32 = 600;
/// A manifest is stored in etcd, which takes 1.5 MiB.
const MAX_USER_DATA: usize = 64 << 10;

#[derive(Debug, Deserialize)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    service_account_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: String,
    #[serde(default)]
    uid: String,
    creation_timestamp: DateTime<Utc>,
    deletion_timestamp: Option<DateTime<Utc>>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
struct Status {
    #[serde(default)]
    phase: String,
}

impl Pod {
    pub(super) fn machine(self, region: &str) -> Machine {
        let data = json!({ "podUid": self.metadata.uid, "serviceAccount": self.spec.service_account_name });
        Machine { group: region.to_owned(), id: self.metadata.name, data }
    }

    pub(super) fn is_of(&self, launch: LaunchId) -> bool {
        self.metadata.labels.get(LAUNCH).is_some_and(|label| *label == launch.to_string())
    }

    pub(super) fn seen(self) -> Seen {
        let state = match self.status.phase.as_str() {
            "Succeeded" | "Failed" => MachineState::Ended,
            _ if self.metadata.deletion_timestamp.is_some() => MachineState::Stopping,
            _ => MachineState::Running,
        };
        let label = |name: &str| self.metadata.labels.get(name);
        Seen {
            state,
            created: self.metadata.creation_timestamp,
            launch: label(LAUNCH).and_then(|id| id.parse().ok()),
            deployment: label(DEPLOYMENT).cloned(),
            id: self.metadata.name,
        }
    }
}

/// The name is the launch's id with a number, within the length of a worker's id: a pod that exists already is of this launch.
pub(super) fn name(launch: &Launch, number: u32) -> String {
    format!("drover-{}-{number}", launch_name::encode(launch.id))
}

/// The launch config's `podSpec` is what Kubernetes calls so. Its first container is the worker: it gets its user data, its own
/// name and a token for Drover. A worker that ends is replaced by the provisioner, never by the cluster.
pub(super) fn manifest(launch: &Launch, number: u32, settings: &KubernetesSettings) -> ProviderResult<Value> {
    let invalid = |why: &str| ProviderError::refused(FailureClass::Config, "InvalidLaunchConfig", why);
    let Some(mut spec) = launch.configuration["podSpec"].as_object().cloned() else {
        return Err(invalid("`podSpec` must be an object: the specification of a pod"));
    };
    let containers = spec.get_mut("containers").and_then(Value::as_array_mut);
    let Some(worker) = containers.and_then(|all| all.first_mut()).and_then(Value::as_object_mut) else {
        return Err(invalid("`podSpec.containers` must have a first container, the worker"));
    };
    let user_data = serde_json::to_string(&launch.user_data).map_err(|error| invalid(&error.to_string()))?;
    if user_data.len() > MAX_USER_DATA {
        return Err(invalid("User Data is too long: remove some of `workerConfig`, or put it in a secret"));
    }
    append(worker, "env", json!({ "name": "DROVER_USER_DATA", "value": user_data }))?;
    let field = json!({ "fieldRef": { "fieldPath": "metadata.name" } });
    append(worker, "env", json!({ "name": "DROVER_WORKER_ID", "valueFrom": field }))?;
    append(worker, "volumeMounts", json!({ "name": "drover-token", "mountPath": TOKEN_PATH, "readOnly": true }))?;
    let token = json!({
        "path": "token", "audience": launch.user_data.root_url, "expirationSeconds": TOKEN_SECONDS,
    });
    let volume = json!({ "name": "drover-token", "projected": { "sources": [{ "serviceAccountToken": token }] } });
    append(&mut spec, "volumes", volume)?;
    spec.insert("restartPolicy".to_owned(), json!("Never"));
    spec.entry("serviceAccountName").or_insert_with(|| json!(settings.service_account));
    let is_label = |(key, _): &(&String, &String)| [DEPLOYMENT, LAUNCH].contains(&key.as_str());
    // Texts with slashes and spaces are no labels.
    let (labels, annotations): (BTreeMap<_, _>, BTreeMap<_, _>) = launch.tags.iter().partition(is_label);
    let annotations: BTreeMap<String, &String> =
        annotations.into_iter().map(|(key, value)| (format!("drover/{key}"), value)).collect();
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name(launch, number), "labels": labels, "annotations": annotations },
        "spec": spec,
    }))
}

fn append(object: &mut Map<String, Value>, list: &str, item: Value) -> ProviderResult<()> {
    let Value::Array(items) = object.entry(list).or_insert_with(|| json!([])) else {
        let message = format!("`{list}` of `podSpec` must be a list");
        return Err(ProviderError::refused(FailureClass::Config, "InvalidLaunchConfig", message));
    };
    items.push(item);
    Ok(())
}
