//! Validates payloads, with a message for each error.

use std::{fmt::Display, sync::LazyLock};

use jsonschema::Validator;
use serde_json::Value;

use super::{ArtifactKind, MountKind, Payload};

const SCHEMA: &str = include_str!("schema.json");
/// The most errors that are reported.
const MAX_ERRORS: usize = 20;

/// Why a payload cannot be run: one line per error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payload cannot be run:\n{}", lines(.0))]
pub struct PayloadError(pub Vec<FieldError>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Like `payload.env.NAME`.
    pub field: String,
    pub message: String,
}

impl PayloadError {
    pub(crate) fn one(pointer: &str, message: impl Display) -> Self {
        Self(vec![field_error(pointer, message)])
    }
}

fn lines(errors: &[FieldError]) -> String {
    let lines: Vec<String> = errors.iter().map(|error| format!("  {}: {}", error.field, error.message)).collect();
    lines.join("\n")
}

/// The JSON schema of the payload.
pub fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

pub(super) fn against_schema(payload: &Value) -> Result<(), PayloadError> {
    static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| jsonschema::validator_for(&schema()).ok());
    against(VALIDATOR.as_ref(), payload)
}

pub(super) fn against(validator: Option<&Validator>, payload: &Value) -> Result<(), PayloadError> {
    let Some(validator) = validator else { return Err(PayloadError::one("", "the worker's own schema is broken")) };
    let errors = validator.iter_errors(payload).take(MAX_ERRORS);
    let errors: Vec<FieldError> = errors.map(|error| field_error(error.instance_path().as_str(), &error)).collect();
    if errors.is_empty() { Ok(()) } else { Err(PayloadError(errors)) }
}

/// What the schema cannot express.
pub(super) fn consistency(payload: &Payload) -> Result<(), PayloadError> {
    let mut errors = Vec::new();
    for (pointer, path) in paths(payload) {
        if path.split('/').any(|part| part == "..") {
            errors.push(field_error(&pointer, format!("`{path}` leads out of the task directory: leave out the `..`")));
        }
        if path.starts_with('/') {
            let message = format!("`{path}` is absolute: give it relative to the task directory");
            errors.push(field_error(&pointer, message));
        }
        if path.contains('\0') {
            errors.push(field_error(&pointer, "a path cannot contain a NUL"));
        }
    }
    errors.extend(common(payload));
    if errors.is_empty() { Ok(()) } else { Err(PayloadError(errors)) }
}

/// What holds for payloads of both formats.
pub(super) fn common(payload: &Payload) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (number, artifact) in payload.artifacts.iter().enumerate() {
        if !artifact.name().bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            let message = "the path is no printable ASCII, so the artifact needs a `name` that is";
            errors.push(field_error(&format!("/artifacts/{number}"), message));
        }
        if artifact.kind == ArtifactKind::File && payload.reserved_names().contains(&artifact.name()) {
            let message = format!("the worker itself stores `{}`: give the artifact another `name`", artifact.name());
            errors.push(field_error(&format!("/artifacts/{number}"), message));
        }
    }
    if payload.features.chain_of_trust && payload.features.interactive {
        let message =
            "somebody at a shell could change what is certified: leave out one of `chainOfTrust` and `interactive`";
        errors.push(field_error("/features/interactive", message));
    }
    for name in payload.env.keys() {
        if name.is_empty() || name.contains(['=', '\0']) {
            errors.push(field_error("/env", format!("`{name}` cannot be the name of a variable")));
        }
    }
    errors
}

/// Every path that is relative to the task directory, and its JSON pointer.
fn paths(payload: &Payload) -> impl Iterator<Item = (String, &str)> {
    let artifacts = payload.artifacts.iter().enumerate();
    let artifacts = artifacts.map(|(number, it)| (format!("/artifacts/{number}/path"), it.path.as_str()));
    let mounts = payload.mounts.iter().enumerate().map(|(number, it)| {
        let field = if matches!(it.kind, MountKind::File(_)) { "file" } else { "directory" };
        (format!("/mounts/{number}/{field}"), it.path.as_str())
    });
    artifacts.chain(mounts)
}

/// `pointer`: a JSON pointer into the payload.
pub(super) fn field_error(pointer: &str, message: impl Display) -> FieldError {
    let parts = pointer.split('/').filter(|part| !part.is_empty());
    let field = std::iter::once("payload").chain(parts).collect::<Vec<_>>().join(".");
    FieldError { field, message: message.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(payload: &Value) -> String {
        Payload::read(payload).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_payload_gets_its_deerrors() {
        let payload = Payload::read(&json!({ "command": [["true"]], "maxRunTime": 10 })).unwrap();
        assert_eq!(payload.logs.backing, "public/logs/live_backing.log");
        assert!(payload.features.live_log && !payload.features.taskcluster_proxy);
    }

    #[test]
    fn every_error_is_named_with_its_field() {
        let text = fault(&json!({ "command": [["true", 1]], "env": { "A": 2 }, "shell": true }));
        for part in ["payload.command.0.1:", "payload.env.A:", "shell", "maxRunTime"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_feature_that_is_not_offered_is_refused_only_when_asked_for() {
        let payload = |on| json!({ "command": [["true"]], "maxRunTime": 1, "features": { "loopbackVideo": on } });
        assert!(Payload::read(&payload(false)).is_ok());
        assert!(fault(&payload(true)).contains("payload.features.loopbackVideo"));
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
