//! Finds the artifact of a name, through links within the run.

use chrono::TimeDelta;
use db::artifact::{Artifact, ArtifactKey};
use protocol::state::StorageType;
use serde::Deserialize;

use super::{ArtifactError, Artifacts, CredentialsOrder, ErrorReason, Result, check::is_web_address, object_name};
use crate::FieldError;

const DOWNLOAD_CREDENTIALS: TimeDelta = TimeDelta::hours(1);

/// The artifact at the end of the links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    S3 {
        key: ArtifactKey,
    },
    Object {
        key: ArtifactKey,
    },
    Reference {
        url: String,
    },
    /// The worker could not deliver it.
    Error {
        reason: ErrorReason,
        message: String,
    },
}

/// Where any HTTP client can read an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A path on this server.
    Path(String),
    Url(String),
}

pub(super) async fn run(
    artifacts: &Artifacts,
    mut key: ArtifactKey,
    allow: &(dyn Fn(&str) -> bool + Sync),
) -> Result<Found> {
    let mut visited = Vec::new();
    loop {
        if visited.contains(&key.name) {
            let circle = visited.join(" -> ");
            return Err(
                FieldError::new("/params/name", "lead to content", format!("links in a circle, {circle}")).into()
            );
        }
        visited.push(key.name.clone());
        if !allow(&key.name) {
            return Err(ArtifactError::Refused(visited));
        }
        let found = present(artifacts, &key).await?;
        match found.storage_type {
            StorageType::Link => key.name = details::<Link>(&key, found)?.artifact,
            StorageType::S3 => return Ok(Found::S3 { key }),
            StorageType::Object => return Ok(Found::Object { key }),
            StorageType::Reference => return reference(details::<Reference>(&key, found)?.url),
            StorageType::Error => {
                let ErrorDetails { reason, message } = details(&key, found)?;
                return Ok(Found::Error { reason, message });
            }
        }
    }
}

impl Found {
    pub const fn storage_type(&self) -> StorageType {
        match self {
            Self::S3 { .. } => StorageType::S3,
            Self::Object { .. } => StorageType::Object,
            Self::Reference { .. } => StorageType::Reference,
            Self::Error { .. } => StorageType::Error,
        }
    }
}

/// Earlier versions stored any URI.
fn reference(url: String) -> Result<Found> {
    if is_web_address(&url) {
        return Ok(Found::Reference { url });
    }
    let got = format!("`{}`", url.escape_debug());
    Err(FieldError::new("/params/name", "lead to content, or to an address of http or https", got).into())
}

async fn present(artifacts: &Artifacts, key: &ArtifactKey) -> Result<Artifact> {
    let found = artifacts.db.get_artifact(key).await?.filter(|artifact| artifact.present);
    let found = found.ok_or_else(|| ArtifactError::NoSuchArtifact(key.name.clone()))?;
    if found.expires <= artifacts.clock.now() {
        return Err(ArtifactError::Expired(key.name.clone()));
    }
    Ok(found)
}

/// An error artifact has no location.
pub(super) async fn location(artifacts: &Artifacts, found: &Found) -> Result<Option<Location>> {
    match found {
        Found::S3 { key } => Ok(Some(Location::Path(artifacts.objects.artifact_path(key)))),
        Found::Object { key } => Ok(Some(Location::Path(artifacts.objects.simple_path(&object_name(key)).await?))),
        Found::Reference { url } => Ok(Some(Location::Url(url.clone()))),
        Found::Error { .. } => Ok(None),
    }
}

/// Credentials with which a client downloads the object itself.
pub(super) fn credentials(artifacts: &Artifacts, key: &ArtifactKey) -> CredentialsOrder {
    let client_id = format!("artifact-download/{}/{}/{}", key.task_id, key.run_id, key.name);
    CredentialsOrder {
        client_id: client_id.replace(|c: char| !is_legal(c), "_"),
        scopes: vec![format!("object:download:{}", object_name(key))],
        expires: artifacts.clock.now() + DOWNLOAD_CREDENTIALS,
    }
}

/// In a client id. Names of artifacts may hold more.
fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!@/:.+|_-".contains(c)
}

#[derive(Deserialize)]
struct Link {
    artifact: String,
}

#[derive(Deserialize)]
struct Reference {
    url: String,
}

#[derive(Deserialize)]
struct ErrorDetails {
    reason: ErrorReason,
    message: String,
}

fn details<T: serde::de::DeserializeOwned>(key: &ArtifactKey, found: Artifact) -> Result<T> {
    serde_json::from_value(found.details).map_err(|cause| ArtifactError::Damaged { name: key.name.clone(), cause })
}
