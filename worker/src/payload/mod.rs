//! The payload of a task, in generic-worker's format.

mod check;
mod mount;

use std::collections::BTreeMap;

use protocol::time::{Timestamp, wire_option};
use serde::Deserialize;
use serde_json::Value;

pub use self::{
    check::{FieldError, PayloadError, schema},
    mount::{Content, Mount, MountKind, Source},
};

/// A payload that fits the schema and is consistent in itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    pub command: Vec<Vec<String>>,
    pub max_run_time: u64,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub artifacts: Vec<ArtifactSpec>,
    #[serde(default)]
    pub mounts: Vec<Mount>,
    #[serde(default)]
    pub on_exit_status: OnExitStatus,
    #[serde(default)]
    pub logs: Logs,
    #[serde(default)]
    pub features: Features,
}

/// An artifact to store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactSpec {
    #[serde(rename = "type")]
    pub kind: ArtifactKind,
    pub path: String,
    pub name: Option<String>,
    #[serde(default, with = "wire_option")]
    pub expires: Option<Timestamp>,
    pub content_type: Option<String>,
    #[serde(default)]
    pub optional: bool,
}

impl ArtifactSpec {
    /// The name given, or else the path.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.path)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ArtifactKind {
    File,
    Directory,
}

/// Exit codes that mean more than failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OnExitStatus {
    pub retry: Vec<i32>,
    pub purge_caches: Vec<i32>,
}

/// Names of the log artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Logs {
    pub live: String,
    pub backing: String,
}

impl Default for Logs {
    fn default() -> Self {
        Self { live: "public/logs/live.log".to_owned(), backing: "public/logs/live_backing.log".to_owned() }
    }
}

/// What can be switched. Features without effect here are accepted by the schema and not read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Features {
    pub backing_log: bool,
    pub live_log: bool,
    pub taskcluster_proxy: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { backing_log: true, live_log: true, taskcluster_proxy: false }
    }
}

impl Payload {
    /// Reads and validates a payload; the error lists every field that is wrong.
    pub fn read(payload: &Value) -> Result<Self, PayloadError> {
        check::against_schema(payload)?;
        let read: Self = serde_json::from_value(payload.clone()).map_err(|error| PayloadError::one("", error))?;
        check::consistency(&read)?;
        Ok(read)
    }
}
