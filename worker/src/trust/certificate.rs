//! What a worker signs.

use std::collections::BTreeMap;

use protocol::id::{RunId, TaskId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Machine;

/// The document, with the definition of the task as it was claimed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Certificate<'a> {
    pub(crate) chain_of_trust_version: u8,
    pub(crate) artifacts: BTreeMap<String, ArtifactHash>,
    pub(crate) task: &'a Value,
    pub(crate) task_id: TaskId,
    pub(crate) run_id: RunId,
    pub(crate) worker_group: &'a str,
    pub(crate) worker_id: &'a str,
    pub(crate) environment: Machine,
}

/// Of the content before any transfer encoding.
#[derive(Debug, Serialize)]
pub(crate) struct ArtifactHash {
    pub(crate) sha256: String,
}

/// What a task knows of its environment and its worker does not: the image that it was given. Who it is and where it runs is for the
/// worker to say, or for nobody.
const OF_THE_TASK: [&str; 2] = ["imageHash", "imageArtifactHash"];

/// Adds what the task says of itself: fields of its own, and its image. What the worker says stands, and a task cannot add to the list
/// of artifacts.
pub(crate) fn with_additional(mut certificate: Map<String, Value>, additional: Map<String, Value>) -> Value {
    for (name, value) in additional {
        match (certificate.get_mut(&name), value) {
            (None, value) => drop(certificate.insert(name, value)),
            (Some(Value::Object(own)), Value::Object(more)) if name == "environment" => {
                for (name, value) in more.into_iter().filter(|(name, _)| OF_THE_TASK.contains(&name.as_str())) {
                    own.entry(name).or_insert(value);
                }
            }
            (Some(_), _) => {}
        }
    }
    Value::Object(certificate)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_adds_fields_and_replaces_none() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let own = json!({ "artifacts": { "a": {} }, "taskId": "x", "environment": { "region": "here" } });
        let additional = json!({
            "artifacts": { "b": {} }, "taskId": "y", "note": [1],
            "environment": { "region": "there", "imageHash": "sha256:1", "publicIpAddress": "192.0.2.1" },
        });
        let merged = with_additional(object(own), object(additional));
        let environment = json!({ "region": "here", "imageHash": "sha256:1" });
        let expected = json!({ "artifacts": { "a": {} }, "taskId": "x", "note": [1], "environment": environment });
        assert_eq!(merged, expected);
    }
}
