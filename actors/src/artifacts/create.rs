//! `createArtifact`.

use std::fmt::Display;

use chrono::TimeDelta;
use db::artifact::{ArtifactCreated, ArtifactKey, NewArtifact};
use protocol::{id::UploadId, state::StorageType, time::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ArtifactError, Artifacts, CredentialsOrder, Result, check::check, object_name};
use crate::FieldError;

/// How long ago an artifact may have expired before it is created; clocks of workers differ.
const DRIFT: TimeDelta = TimeDelta::minutes(15);
/// Longest life of the credentials for an upload.
const UPLOAD_CREDENTIALS: TimeDelta = TimeDelta::hours(24);
/// The content type where none is given.
const UNKNOWN_TYPE: &str = "application/binary";

/// The storage type of an artifact and its values. `reference`, `link` and `error` are complete at once; content of the
/// others follows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "storageType", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ArtifactBody {
    S3 { content_type: String, content_length: Option<i64> },
    Object { content_type: String, content_length: Option<i64> },
    Reference { content_type: String, url: String },
    Link { artifact: String, content_type: Option<String> },
    Error { reason: ErrorReason, message: String },
}

/// Why a worker has no such file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorReason {
    FileMissingOnWorker,
    InvalidResourceOnWorker,
    TooLargeFileOnWorker,
    FileNotReadableOnWorker,
}

/// What the creator does next. `put_path` is on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    S3 { put_path: String, content_type: String, expires: Timestamp },
    Object(ObjectUpload),
    Reference,
    Link,
    Error,
}

/// An upload to the object service, which has to use exactly these values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectUpload {
    pub name: String,
    pub project_id: String,
    pub upload_id: UploadId,
    pub expires: Timestamp,
    pub credentials: CredentialsOrder,
}

/// `resume`: an unfinished upload under this name is returned once more instead of refused.
pub(super) async fn run(
    artifacts: &Artifacts,
    key: ArtifactKey,
    expires: Timestamp,
    body: ArtifactBody,
    resume: bool,
) -> Result<Created> {
    check(&body)?;
    let now = artifacts.clock.now();
    if expires < now - DRIFT {
        let got = protocol::time::format(expires);
        return Err(FieldError::new("/payload/expires", "not be more than 15 minutes in the past", got).into());
    }
    let mut upload_id = UploadId::from_random(artifacts.rng.uuid_bytes());
    let mut new = NewArtifact {
        key,
        storage_type: body.storage_type(),
        content_type: body.content_type().to_owned(),
        details: body.details(upload_id),
        expires,
        content_length: body.content_length(),
        trace: base::telemetry::traceparent(),
    };
    let mut outcome = artifacts.db.create_artifact(&new, now).await?;
    // Every call has an upload id of its own, and so differs from those before.
    if resume
        && matches!(&outcome, ArtifactCreated::Differs(field) if field == "details")
        && let Some((begun, begun_expires)) = begun(artifacts, &new.key).await?
    {
        // Its object may exist already, whose expiry is final: an artifact of another one could never be finished.
        if begun_expires != expires {
            return Err(other_expiry(&new.key.name, begun_expires));
        }
        upload_id = begun;
        new.details = body.details(begun);
        outcome = artifacts.db.create_artifact(&new, now).await?;
    }
    let ArtifactCreated::Written { project_id, worker_group, worker_id } = outcome else {
        return Err(refusal(&new, outcome));
    };
    Ok(match body {
        ArtifactBody::S3 { content_type, .. } => {
            let (put_path, expires) = artifacts.objects.artifact_put_path(&new.key, &content_type);
            Created::S3 { put_path, content_type, expires }
        }
        ArtifactBody::Object { .. } => {
            let name = object_name(&new.key);
            let credentials = CredentialsOrder {
                client_id: upload_client(&new.key, &worker_group, &worker_id),
                scopes: vec![format!("object:upload:{project_id}:{name}")],
                expires: expires.min(now + UPLOAD_CREDENTIALS),
            };
            Created::Object(ObjectUpload { name, project_id, upload_id, expires, credentials })
        }
        ArtifactBody::Reference { .. } => Created::Reference,
        ArtifactBody::Link { .. } => Created::Link,
        ArtifactBody::Error { .. } => Created::Error,
    })
}

/// The upload under this name that is not finished, and when it expires.
async fn begun(artifacts: &Artifacts, key: &ArtifactKey) -> Result<Option<(UploadId, Timestamp)>> {
    let known = artifacts.db.get_artifact(key).await?;
    let open = known.filter(|known| known.storage_type == StorageType::Object && !known.present);
    Ok(open.and_then(|open| Some((UploadId(open.details["uploadId"].as_str()?.parse().ok()?), open.expires))))
}

fn other_expiry(name: &str, expires: Timestamp) -> ArtifactError {
    let expires = protocol::time::format(expires);
    ArtifactError::Conflict(format!(
        "the upload of artifact `{name}` was begun with `expires` {expires}: resume it with that"
    ))
}

impl ArtifactBody {
    const fn storage_type(&self) -> StorageType {
        match self {
            Self::S3 { .. } => StorageType::S3,
            Self::Object { .. } => StorageType::Object,
            Self::Reference { .. } => StorageType::Reference,
            Self::Link { .. } => StorageType::Link,
            Self::Error { .. } => StorageType::Error,
        }
    }

    pub(super) fn content_type(&self) -> &str {
        match self {
            Self::S3 { content_type, .. }
            | Self::Object { content_type, .. }
            | Self::Reference { content_type, .. }
            | Self::Link { content_type: Some(content_type), .. } => content_type,
            Self::Link { content_type: None, .. } | Self::Error { .. } => UNKNOWN_TYPE,
        }
    }

    const fn content_length(&self) -> Option<i64> {
        match self {
            Self::S3 { content_length, .. } | Self::Object { content_length, .. } => *content_length,
            _ => None,
        }
    }

    fn details(&self, upload_id: UploadId) -> Value {
        match self {
            Self::S3 { .. } => json!({}),
            Self::Object { .. } => json!({ "uploadId": upload_id.0 }),
            Self::Reference { url, .. } => json!({ "url": url }),
            Self::Link { artifact, .. } => json!({ "artifact": artifact }),
            Self::Error { reason, message } => json!({ "reason": reason, "message": message }),
        }
    }
}

fn upload_client(key: &ArtifactKey, worker_group: &str, worker_id: &str) -> String {
    format!("artifact-upload/{}/{}/on/{worker_group}/{worker_id}", key.task_id, key.run_id)
}

fn no_such(pointer: &str, expected: &str, got: impl Display) -> ArtifactError {
    FieldError::new(pointer, expected, format!("`{got}`")).into()
}

fn refusal(new: &NewArtifact, outcome: ArtifactCreated) -> ArtifactError {
    let ArtifactKey { task_id, run_id, name } = &new.key;
    match outcome {
        ArtifactCreated::NoTask => no_such("/params/taskId", "be that of a task", task_id),
        ArtifactCreated::NoRun => no_such("/params/runId", &format!("be a run of task {task_id}"), run_id),
        ArtifactCreated::Unclaimed => {
            no_such("/params/runId", &format!("be a run of task {task_id} that a worker has claimed"), run_id)
        }
        ArtifactCreated::OutlivesTask { task_expires } => {
            let end = protocol::time::format(task_expires);
            let expected = format!("not be after the expiry of the task, {end}");
            FieldError::new("/payload/expires", expected, protocol::time::format(new.expires)).into()
        }
        ArtifactCreated::RunOver => ArtifactError::Conflict(format!(
            "run {run_id} of task {task_id} is not running, and did not end as exception in the last 25 minutes"
        )),
        ArtifactCreated::Differs(field) => ArtifactError::Conflict(format!(
            "artifact `{name}` exists, and its `{field}` cannot be changed to what is asked for"
        )),
        ArtifactCreated::Written { .. } => unreachable!("a written artifact is no refusal"),
    }
}
