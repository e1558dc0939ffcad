use std::sync::Arc;

use actors::artifacts::{
    ArtifactBody, ArtifactEntry, ArtifactError, ArtifactKey, Created, CredentialsOrder, Found, Location, ObjectUpload,
};
use hyper::StatusCode;
use protocol::{
    certificate::{self, Credentials, Order},
    error::ErrorCode,
    id::{RunId, TaskId, UploadId},
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::json;

use super::QueueState;
use crate::{
    http::{ApiError, ApiResponse, ApiResult, Call, Object},
    object::chain,
};

/// Sent by who would go on with an upload that was begun, perhaps by itself before it was killed. Without it that is a
/// conflict, as everywhere else.
const RESUME_UPLOAD: &str = "x-drover-resume-upload";

#[derive(Deserialize)]
struct CreateBody {
    #[serde(with = "time::wire")]
    expires: Timestamp,
    #[serde(flatten)]
    artifact: ArtifactBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FinishBody {
    upload_id: UploadId,
}

pub(super) async fn create_artifact(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let CreateBody { expires, artifact } = call.body()?;
    let created = match call.header(RESUME_UPLOAD) {
        Some(_) => state.artifacts.create_or_resume(key(&call)?, expires, artifact).await?,
        None => state.artifacts.create(key(&call)?, expires, artifact).await?,
    };
    let response = match created {
        Created::S3 { put_path, content_type, expires } => Object::new()
            .field("storageType", &"s3")
            .field("putUrl", &format!("{}{put_path}", state.root_url))
            .field("contentType", &content_type)
            .field("expires", &time::format(expires)),
        Created::Object(ObjectUpload { name, project_id, upload_id, expires, credentials }) => Object::new()
            .field("storageType", &"object")
            .field("name", &name)
            .field("projectId", &project_id)
            .field("uploadId", &upload_id)
            .field("expires", &time::format(expires))
            .field("credentials", &issue(&state, credentials)),
        Created::Reference => Object::new().field("storageType", &"reference"),
        Created::Link => Object::new().field("storageType", &"link"),
        Created::Error => Object::new().field("storageType", &"error"),
    };
    Ok(response.into())
}

pub(super) async fn finish_artifact(state: Arc<QueueState>, mut call: Call) -> ApiResult {
    let FinishBody { upload_id } = call.body()?;
    state.artifacts.finish(&key(&call)?, upload_id).await?;
    Ok(ApiResponse::no_content())
}

pub(super) async fn get_artifact(state: Arc<QueueState>, call: Call) -> ApiResult {
    let found = follow(&state, &call, key(&call)?).await?;
    redirect(&state, &found).await
}

/// Checks scopes before it shows whether there is such a task.
pub(super) async fn get_latest_artifact(state: Arc<QueueState>, call: Call) -> ApiResult {
    call.authorize(|params| params.list("names", [call.param("name")]))?;
    let found = follow(&state, &call, latest_key(&state, &call).await?).await?;
    redirect(&state, &found).await
}

pub(super) async fn artifact(state: Arc<QueueState>, call: Call) -> ApiResult {
    let found = follow(&state, &call, key(&call)?).await?;
    content(&state, &found).await
}

pub(super) async fn latest_artifact(state: Arc<QueueState>, call: Call) -> ApiResult {
    let found = follow(&state, &call, latest_key(&state, &call).await?).await?;
    content(&state, &found).await
}

pub(super) async fn list_artifacts(state: Arc<QueueState>, call: Call) -> ApiResult {
    list(&state, &call, call.run_id()).await
}

pub(super) async fn list_latest_artifacts(state: Arc<QueueState>, call: Call) -> ApiResult {
    let run_id = state.artifacts.latest_run(call.parsed("taskId")?).await?;
    list(&state, &call, run_id).await
}

pub(super) async fn artifact_info(state: Arc<QueueState>, call: Call) -> ApiResult {
    Ok(described(&state.artifacts.info(&key(&call)?).await?).into())
}

pub(super) async fn latest_artifact_info(state: Arc<QueueState>, call: Call) -> ApiResult {
    let key = latest_key(&state, &call).await?;
    Ok(described(&state.artifacts.info(&key).await?).into())
}

fn key(call: &Call) -> Result<ArtifactKey, ApiError> {
    let name = call.param("name").to_owned();
    Ok(ArtifactKey { task_id: call.parsed("taskId")?, run_id: call.run_id(), name })
}

async fn latest_key(state: &QueueState, call: &Call) -> Result<ArtifactKey, ApiError> {
    let task_id: TaskId = call.parsed("taskId")?;
    let run_id = state.artifacts.latest_run(task_id).await?;
    Ok(ArtifactKey { task_id, run_id, name: call.param("name").to_owned() })
}

/// Follows links as far as the caller may read each name on the way.
async fn follow(state: &QueueState, call: &Call, key: ArtifactKey) -> Result<Found, ApiError> {
    // An invalid signature is an error of its own, not a lack of scopes.
    call.caller()?;
    let allow = |name: &str| call.authorize(|params| params.list("names", [name])).is_ok();
    match state.artifacts.follow(key, &allow).await {
        Err(ArtifactError::Refused(names)) => {
            call.authorize(|params| params.list("names", &names))?;
            Err(ApiError::new(ErrorCode::InsufficientScopes, ArtifactError::Refused(names).to_string()))
        }
        found => Ok(found?),
    }
}

async fn redirect(state: &QueueState, found: &Found) -> ApiResult {
    let storage_type = found.storage_type().as_str();
    let response = match (url(state, found).await?, found) {
        (Some(url), _) => ApiResponse::see_other(&url, &json!({ "storageType": storage_type, "url": url }))?,
        (None, Found::Error { reason, message }) => ApiResponse::json(&json!({ "reason": reason, "message": message }))
            .with_status(StatusCode::FAILED_DEPENDENCY),
        (None, _) => return Err(ApiError::internal("a stored artifact has no URL")),
    };
    Ok(response.with_header("x-taskcluster-artifact-storage-type", storage_type))
}

async fn content(state: &QueueState, found: &Found) -> ApiResult {
    let response = Object::new().field("storageType", &found.storage_type());
    let response = match found {
        Found::Object { key } => {
            let (name, credentials) = state.artifacts.object_access(key);
            response.field("name", &name).field("credentials", &issue(state, credentials))
        }
        Found::Error { reason, message } => response.field("reason", reason).field("message", message),
        Found::S3 { .. } | Found::Reference { .. } => response.optional("url", url(state, found).await?.as_ref()),
    };
    Ok(response.into())
}

async fn url(state: &QueueState, found: &Found) -> Result<Option<String>, ApiError> {
    let place = state.artifacts.location(found).await?;
    Ok(place.map(|place| match place {
        Location::Path(path) => format!("{}{path}", state.root_url),
        Location::Url(url) => url,
    }))
}

async fn list(state: &QueueState, call: &Call, run_id: RunId) -> ApiResult {
    let page = state.artifacts.list(call.parsed("taskId")?, run_id, call.page()?).await?;
    let token = page.next.map(|name| call.token(&name));
    let response = Object::new().list("artifacts", page.rows.iter().map(described));
    Ok(response.optional("continuationToken", token.as_ref()).into())
}

pub(crate) fn described(artifact: &ArtifactEntry) -> Object {
    Object::new()
        .field("storageType", &artifact.storage_type)
        .field("name", &artifact.name)
        .field("expires", &time::format(artifact.expires))
        .field("contentType", &artifact.content_type)
        .optional("contentLength", artifact.content_length.as_ref())
}

fn issue(state: &QueueState, order: CredentialsOrder) -> Credentials {
    let CredentialsOrder { client_id, scopes, expires } = order;
    let order = Order { name: Some(&client_id), scopes, start: state.clock.now(), expiry: expires };
    let issuer = state.clients.queue();
    certificate::issue(&issuer.client_id, &issuer.access_token, order, state.rng.bytes())
}

impl From<ArtifactError> for ApiError {
    fn from(error: ArtifactError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()).with_field_errors(error.field_error()),
        }
    }
}
