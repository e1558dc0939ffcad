//! The payload of docker-worker, as one of generic-worker with a container around its command.

use std::{collections::BTreeMap, path::Path, sync::LazyLock};

use jsonschema::Validator;
use protocol::{
    id::TaskId,
    time::{Timestamp, wire_option},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    ArtifactKind, ArtifactSpec, Content, ContentEncoding, Features, Logs, Mount, MountKind, OnExitStatus, Payload,
    PayloadError, Source, check,
};

const SCHEMA: &str = include_str!("docker.json");
const DEFAULT_LOG: &str = "public/logs/live.log";

/// The container in which the command of a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub image: ImageSource,
    /// Where the container has the mounts of the payload, all of them caches: the first path is that of the first mount.
    pub targets: Vec<String>,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// From a registry.
    Name(String),
    /// From an archive.
    Content(Content),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerPayload {
    image: DockerImage,
    #[serde(default)]
    command: Vec<String>,
    max_run_time: u64,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    cache: BTreeMap<String, String>,
    #[serde(default)]
    artifacts: BTreeMap<String, DockerArtifact>,
    log: Option<String>,
    #[serde(default)]
    on_exit_status: OnExitStatus,
    #[serde(default)]
    features: DockerFeatures,
    superseder_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DockerImage {
    Name(String),
    Source(DockerImageSource),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
enum DockerImageSource {
    #[serde(rename = "docker-image")]
    Registry { name: String },
    #[serde(rename = "indexed-image")]
    Indexed { namespace: String, path: String },
    #[serde(rename = "task-image")]
    Task { task_id: TaskId, path: String },
}

#[derive(Deserialize)]
struct DockerArtifact {
    #[serde(rename = "type")]
    kind: DockerArtifactKind,
    path: String,
    #[serde(default, with = "wire_option")]
    expires: Option<Timestamp>,
}

/// A volume was a directory that docker-worker had from outside.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DockerArtifactKind {
    File,
    Directory,
    Volume,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the payload")]
struct DockerFeatures {
    artifacts: bool,
    bulk_log: bool,
    chain_of_trust: bool,
    interactive: bool,
    local_live_log: bool,
    taskcluster_proxy: bool,
}

impl Default for DockerFeatures {
    fn default() -> Self {
        Self {
            artifacts: true,
            bulk_log: true,
            chain_of_trust: false,
            interactive: false,
            local_live_log: true,
            taskcluster_proxy: false,
        }
    }
}

/// The JSON schema of the payload.
pub fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap_or_default()
}

pub(super) fn read(payload: &Value) -> Result<Payload, PayloadError> {
    static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| jsonschema::validator_for(&schema()).ok());
    check::against(VALIDATOR.as_ref(), payload)?;
    let read: DockerPayload = serde_json::from_value(payload.clone()).map_err(|error| PayloadError::one("", error))?;
    let mut errors = read.path_errors();
    let payload = Payload::from(read);
    errors.extend(check::common(&payload));
    if errors.is_empty() { Ok(payload) } else { Err(PayloadError(errors)) }
}

impl DockerPayload {
    /// In a container any path may be named, but no part of it may be empty of meaning or the kernel's own.
    fn path_errors(&self) -> Vec<super::FieldError> {
        let caches = self.cache.iter().map(|(name, path)| (format!("/cache/{name}"), path));
        let artifacts = self.artifacts.iter().map(|(name, it)| (format!("/artifacts/{name}/path"), &it.path));
        let mut errors = Vec::new();
        for (field, path) in caches.clone().chain(artifacts) {
            if path.contains('\0') {
                errors.push(check::field_error(&field, "a path cannot contain a NUL"));
            }
            if path.split('/').any(|part| part == "..") {
                errors.push(check::field_error(&field, format!("leave out the `..` of `{path}`")));
            }
        }
        for (field, path) in caches {
            if ["/", "/dev", "/proc", "/sys"].contains(&path.trim_end_matches('/')) || path == "/" {
                errors.push(check::field_error(&field, format!("no cache can be at `{path}`")));
            }
            let others = self.cache.values().filter(|other| Path::new(other).starts_with(path));
            if others.count() > 1 {
                errors.push(check::field_error(&field, format!("`{path}` has another cache in it")));
            }
        }
        errors
    }
}

impl From<DockerPayload> for Payload {
    fn from(docker: DockerPayload) -> Self {
        let DockerPayload { features, cache, .. } = docker;
        let live = docker.log.unwrap_or_else(|| DEFAULT_LOG.to_owned());
        let mount = |(number, name): (usize, &String)| Mount {
            path: format!("caches/{number}"),
            kind: MountKind::Cache { name: name.clone(), first: None },
            format: None,
        };
        let artifacts = docker.artifacts.into_iter().filter(|_| features.artifacts);
        Self {
            command: vec![docker.command],
            max_run_time: docker.max_run_time,
            env: docker.env,
            artifacts: artifacts.map(|(name, artifact)| artifact.named(name)).collect(),
            mounts: cache.keys().enumerate().map(mount).collect(),
            on_exit_status: docker.on_exit_status,
            logs: Logs { backing: backing(&live), live },
            features: Features {
                backing_log: features.bulk_log && features.artifacts,
                chain_of_trust: features.chain_of_trust,
                interactive: features.interactive,
                live_log: features.local_live_log && features.artifacts,
                resource_monitor: None,
                taskcluster_proxy: features.taskcluster_proxy,
            },
            os_groups: Vec::new(),
            superseder_url: docker.superseder_url,
            container: Some(Container { image: docker.image.into(), targets: cache.into_values().collect() }),
        }
    }
}

impl DockerArtifact {
    /// One that is missing makes no task fail.
    fn named(self, name: String) -> ArtifactSpec {
        ArtifactSpec {
            kind: match self.kind {
                DockerArtifactKind::File => ArtifactKind::File,
                DockerArtifactKind::Directory | DockerArtifactKind::Volume => ArtifactKind::Directory,
            },
            path: self.path,
            name: Some(name),
            expires: self.expires,
            content_type: None,
            content_encoding: ContentEncoding::Identity,
            optional: true,
        }
    }
}

impl From<DockerImage> for ImageSource {
    fn from(image: DockerImage) -> Self {
        let content = |source| Self::Content(Content { source, sha256: None });
        match image {
            DockerImage::Name(name) | DockerImage::Source(DockerImageSource::Registry { name }) => Self::Name(name),
            DockerImage::Source(DockerImageSource::Indexed { namespace, path }) => {
                content(Source::Indexed { namespace, name: path })
            }
            DockerImage::Source(DockerImageSource::Task { task_id, path }) => {
                content(Source::Artifact { task_id, name: path })
            }
        }
    }
}

/// `_backing` comes before the extension.
fn backing(live: &str) -> String {
    let name = live.rfind('/').map_or(0, |slash| slash + 1);
    let end = live[name..].rfind('.').map_or(live.len(), |dot| name + dot);
    format!("{}_backing{}", &live[..end], &live[end..])
}
