//! Checking a payload, with words for the one who has to mend it.

use std::{fmt::Display, sync::LazyLock};

use jsonschema::Validator;
use serde_json::Value;

use super::{MountKind, Payload};

const SCHEMA: &str = include_str!("schema.json");
/// More faults than this help nobody.
const MOST_FAULTS: usize = 20;

/// Why a payload cannot be run: one line per fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload cannot be run:\n{}", .0.join("\n"))]
pub struct Malformed(pub(crate) Vec<String>);

impl Malformed {
    pub(crate) fn one(place: &str, fault: impl Display) -> Self {
        Self(vec![line(place, fault)])
    }

    /// Each fault: the field, as `payload.env.NAME`, and what is wrong with it.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|line| line.trim_start().split_once(": ").unwrap_or(("payload", line)))
    }
}

/// The JSON schema of the payload.
pub fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

pub(super) fn against_schema(payload: &Value) -> Result<(), Malformed> {
    static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| jsonschema::validator_for(&schema()).ok());
    let Some(validator) = &*VALIDATOR else { return Err(Malformed::one("", "the worker's own schema is broken")) };
    let faults = validator.iter_errors(payload).take(MOST_FAULTS);
    let faults: Vec<String> = faults.map(|error| line(error.instance_path().as_str(), &error)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Malformed(faults)) }
}

/// What a schema cannot say.
pub(super) fn consistency(payload: &Payload) -> Result<(), Malformed> {
    let mut faults = Vec::new();
    for (place, path) in paths(payload) {
        if path.split('/').any(|part| part == "..") {
            faults.push(line(&place, format!("`{path}` leads out of the task directory: leave out the `..`")));
        }
        if path.starts_with('/') {
            let fault = format!("`{path}` is absolute: give it relative to the task directory");
            faults.push(line(&place, fault));
        }
        if path.contains('\0') {
            faults.push(line(&place, "a path cannot contain a NUL"));
        }
    }
    for (number, artifact) in payload.artifacts.iter().enumerate() {
        if !artifact.name().bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let fault = "the path is no printable ASCII, so the artifact needs a `name` that is";
            faults.push(line(&format!("/artifacts/{number}"), fault));
        }
    }
    for name in payload.env.keys() {
        if name.is_empty() || name.contains(['=', '\0']) {
            faults.push(line("/env", format!("`{name}` cannot be the name of a variable")));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Malformed(faults)) }
}

/// Every path that is meant relative to the task directory, and where it stands.
fn paths(payload: &Payload) -> impl Iterator<Item = (String, &str)> {
    let artifacts = payload.artifacts.iter().enumerate();
    let artifacts = artifacts.map(|(number, it)| (format!("/artifacts/{number}/path"), it.path.as_str()));
    let mounts = payload.mounts.iter().enumerate().map(|(number, it)| {
        let field = if matches!(it.kind, MountKind::File(_)) { "file" } else { "directory" };
        (format!("/mounts/{number}/{field}"), it.path.as_str())
    });
    artifacts.chain(mounts)
}

fn line(place: &str, fault: impl Display) -> String {
    let place: String =
        place.split('/').filter(|part| !part.is_empty()).fold("payload".to_owned(), |mut path, part| {
            path.push('.');
            path.push_str(part);
            path
        });
    format!("  {place}: {fault}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(payload: &Value) -> String {
        Payload::read(payload).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_payload_gets_its_defaults() {
        let payload = Payload::read(&json!({ "command": [["true"]], "maxRunTime": 10 })).unwrap();
        assert_eq!(payload.logs.backing, "public/logs/live_backing.log");
        assert!(payload.features.live_log && !payload.features.taskcluster_proxy);
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        let text = fault(&json!({ "command": [["true", 1]], "env": { "A": 2 }, "shell": true }));
        for part in ["payload.command.0.1:", "payload.env.A:", "shell", "maxRunTime"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_feature_that_is_not_offered_is_refused_only_when_asked_for() {
        let payload = |on| json!({ "command": [["true"]], "maxRunTime": 1, "features": { "chainOfTrust": on } });
        assert!(Payload::read(&payload(false)).is_ok());
        assert!(fault(&payload(true)).contains("payload.features.chainOfTrust"));
    }

    #[test]
    fn a_mount_of_no_known_shape_is_answered_with_the_shapes() {
        let mount = json!({ "file": "a", "directory": "b", "content": { "raw": "x" } });
        let text = fault(&json!({ "command": [["true"]], "maxRunTime": 1, "mounts": [mount] }));
        assert!(text.contains("a mount has `file` and `content`"), "{text}");
    }

    #[test]
    fn paths_stay_inside_the_task_directory() {
        for path in ["../secret", "a/../../secret", "/etc/passwd", "/proc/self/environ", "nul\0"] {
            let artifact = json!({ "type": "file", "path": path, "name": "public/x" });
            let mount = json!({ "file": path, "content": { "raw": "x" } });
            let text = fault(&json!({
                "command": [["true"]], "maxRunTime": 1, "artifacts": [artifact], "mounts": [mount],
            }));
            assert!(text.contains("payload.artifacts.0.path:"), "{path}: {text}");
            assert!(text.contains("payload.mounts.0.file:"), "{path}: {text}");
        }
    }
}
