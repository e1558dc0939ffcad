//! The payload of a task, in generic-worker's format or that of docker-worker.

mod check;
mod docker;
mod mount;

use std::collections::BTreeMap;

use protocol::time::{Timestamp, wire_option};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    shell,
    trust::{CERTIFICATE, CERTIFIED_LOG, SIGNATURE},
};

pub use self::{
    check::{FieldError, PayloadError, schema},
    docker::{Container, ImageSource, schema as docker_schema},
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
    /// Groups of the machine that the task's user is to be in.
    #[serde(default)]
    pub os_groups: Vec<String>,
    /// Means nothing any more, also elsewhere.
    pub superseder_url: Option<String>,
    /// What only payloads of docker-worker have.
    #[serde(skip)]
    pub container: Option<Container>,
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
    pub content_encoding: ContentEncoding,
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

/// How the content is stored and sent. Readers get it unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContentEncoding {
    #[default]
    Identity,
    Gzip,
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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the payload")]
pub struct Features {
    pub backing_log: bool,
    pub chain_of_trust: bool,
    pub interactive: bool,
    pub live_log: bool,
    pub resource_monitor: Option<bool>,
    pub taskcluster_proxy: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            backing_log: true,
            chain_of_trust: false,
            interactive: false,
            live_log: true,
            resource_monitor: None,
            taskcluster_proxy: false,
        }
    }
}

impl Payload {
    /// Reads and validates a payload; the error lists every field that is wrong.
    pub fn read(payload: &Value) -> Result<Self, PayloadError> {
        if payload.get("image").is_some() {
            return docker::read(payload);
        }
        check::against_schema(payload)?;
        let read: Self = serde_json::from_value(payload.clone()).map_err(|error| PayloadError::one("", error))?;
        check::consistency(&read)?;
        Ok(read)
    }

    /// Names of artifacts that the worker itself stores.
    pub fn reserved_names(&self) -> Vec<&str> {
        let Self { logs, features, .. } = self;
        let mut names = Vec::new();
        names.extend(features.live_log.then_some(logs.live.as_str()));
        names.extend(features.backing_log.then_some(logs.backing.as_str()));
        if features.chain_of_trust {
            names.extend([CERTIFICATE, SIGNATURE, CERTIFIED_LOG]);
        }
        names.extend(features.interactive.then_some(shell::ARTIFACT));
        names
    }
}

#[cfg(test)]
mod tests;
