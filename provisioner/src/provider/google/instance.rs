//! The request for an instance, and what is read of instances.

use std::collections::BTreeMap;

use actors::worker_manager::GoogleSettings;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::config_error;
use crate::provider::{Launch, LaunchId, Machine, MachineState, ProviderResult, Seen};

pub(super) const DEPLOYMENT: &str = "drover-deployment";
pub(super) const LAUNCH: &str = "drover-launch";
/// The metadata in which a worker looks for what it is, as with Taskcluster.
const METADATA_KEY: &str = "taskcluster";
/// Compute Engine's limit for one value.
const MAX_USER_DATA: usize = 256 << 10;
/// Fields of a launch config that are no fields of an instance.
const OWN_FIELDS: &[&str] =
    &["region", "zone", "workerConfig", "capacityPerInstance", "workerManager", "additionalUserData"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Instance {
    id: String,
    #[serde(default)]
    status: String,
    creation_timestamp: DateTime<Utc>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Instance {
    pub(super) fn machine(self, zone: &str) -> Machine {
        machine(zone, self.id)
    }

    pub(super) fn is_of(&self, launch: LaunchId) -> bool {
        self.labels.get(LAUNCH).is_some_and(|label| *label == launch.to_string())
    }

    pub(super) fn is_alive(&self) -> bool {
        self.state() == MachineState::Running
    }

    pub(super) fn seen(self) -> Seen {
        Seen {
            state: self.state(),
            created: self.creation_timestamp,
            launch: self.labels.get(LAUNCH).and_then(|id| id.parse().ok()),
            deployment: self.labels.get(DEPLOYMENT).cloned(),
            id: self.id,
        }
    }

    /// A state that nobody knows yet is of an instance that exists.
    fn state(&self) -> MachineState {
        match self.status.as_str() {
            "TERMINATED" | "STOPPED" | "SUSPENDED" => MachineState::Ended,
            "STOPPING" | "SUSPENDING" | "DEPROVISIONING" | "PENDING_STOP" => MachineState::Stopping,
            _ => MachineState::Running,
        }
    }
}

/// Its token says its numeric id, which is also the worker's id: there is nothing else to compare with.
pub(super) fn machine(zone: &str, id: String) -> Machine {
    Machine { group: zone.to_owned(), id, data: json!({}) }
}

/// The name is the launch's id with a number: an instance that exists already is of this launch.
pub(super) fn name(launch: &Launch, number: u32) -> String {
    format!("drover-{}-{number}", launch.id)
}

/// Google's own key against repeats: a UUID for each instance of a launch.
pub(super) fn request_id(launch: &Launch, number: u32) -> String {
    let mut bytes = *launch.id.as_bytes();
    for (byte, part) in bytes[10..14].iter_mut().zip(number.to_be_bytes()) {
        *byte ^= part;
    }
    uuid::Uuid::from_bytes(bytes).to_string()
}

pub(super) fn body(launch: &Launch, number: u32, settings: &GoogleSettings) -> ProviderResult<Value> {
    let invalid = |why: &str| config_error("InvalidLaunchConfig", why);
    let Value::Object(mut body) = launch.configuration.clone() else {
        return Err(invalid("a launch config must be an object"));
    };
    for field in OWN_FIELDS {
        body.remove(*field);
    }
    let user_data = serde_json::to_string(&launch.user_data).map_err(|error| invalid(&error.to_string()))?;
    if user_data.len() > MAX_USER_DATA {
        return Err(invalid("User Data is too long: remove some of `workerConfig`, or put it in a secret"));
    }
    let metadata = object(&mut body, "metadata")?;
    let Value::Array(items) = metadata.entry("items").or_insert_with(|| json!([])) else {
        return Err(invalid("`metadata.items` must be a list"));
    };
    items.retain(|item| item["key"] != METADATA_KEY);
    items.push(json!({ "key": METADATA_KEY, "value": user_data }));
    let labels = object(&mut body, "labels")?;
    labels.extend(launch.tags.iter().map(|(name, value)| (label(name), json!(label(value)))));
    let scheduling = object(&mut body, "scheduling")?;
    scheduling.insert("automaticRestart".to_owned(), json!(false));
    if scheduling.get("provisioningModel").is_some_and(|model| model == "SPOT") {
        scheduling.entry("instanceTerminationAction").or_insert_with(|| json!("DELETE"));
    }
    if !settings.worker_service_account_email.is_empty() {
        let scopes = ["https://www.googleapis.com/auth/logging.write"];
        let account = json!([{ "email": settings.worker_service_account_email, "scopes": scopes }]);
        body.entry("serviceAccounts").or_insert(account);
    }
    body.insert("name".to_owned(), json!(name(launch, number)));
    Ok(Value::Object(body))
}

fn object<'a>(body: &'a mut Map<String, Value>, field: &str) -> ProviderResult<&'a mut Map<String, Value>> {
    let part = body.entry(field).or_insert_with(|| json!({}));
    let message = format!("`{field}` of the launch config must be an object");
    part.as_object_mut().ok_or_else(|| config_error("InvalidLaunchConfig", message))
}

/// Labels have small letters, digits, `_` and `-`, at most 63.
fn label(text: &str) -> String {
    let letter = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' => c,
        _ => '_',
    };
    text.chars().map(letter).take(63).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_google_takes() {
        assert_eq!(label("proj/Linux 1"), "proj_linux_1");
        assert_eq!(label(&"x".repeat(80)).len(), 63);
        assert_eq!(label("WorkerPoolId"), "workerpoolid");
        assert_eq!(label(LAUNCH), LAUNCH);
    }
}
