use std::sync::Arc;

use actors::object::{CreateUpload, FinishUpload, Hashes, InlineData, OpenUpload, PutPromise, PutUrl, UploadMethod};
use protocol::{
    error::ErrorCode,
    id::UploadId,
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ObjectState;
use crate::http::{ApiError, ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateBody {
    project_id: String,
    upload_id: UploadId,
    #[serde(with = "time::wire")]
    expires: Timestamp,
    #[serde(default)]
    hashes: serde_json::Map<String, Value>,
    proposed_upload_methods: Proposed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proposed {
    data_inline: Option<ProposedInline>,
    put_url: Option<ProposedPut>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProposedInline {
    content_type: String,
    object_data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProposedPut {
    content_type: String,
    content_length: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FinishBody {
    project_id: String,
    upload_id: UploadId,
    #[serde(default)]
    hashes: serde_json::Map<String, Value>,
}

pub(super) async fn create_upload(state: Arc<ObjectState>, mut call: Call) -> ApiResult {
    let body: CreateBody = call.body()?;
    call.authorize(|params| params.text("projectId", &body.project_id))?;
    let Proposed { data_inline, put_url } = body.proposed_upload_methods;
    let upload = CreateUpload {
        name: call.param("name").to_owned(),
        project_id: body.project_id,
        upload_id: body.upload_id,
        expires: body.expires,
        hashes: hashes(body.hashes)?,
        data_inline: data_inline
            .map(|ProposedInline { content_type, object_data }| InlineData { content_type, object_data }),
        put_url: put_url.map(promise).transpose()?,
    };
    let open = state.objects.create_upload(upload).await?;
    let OpenUpload { project_id, upload_id, expires, method } = open;
    let response = Object::new()
        .field("projectId", &project_id)
        .field("uploadId", &upload_id)
        .field("expires", &time::format(expires))
        .field("uploadMethod", &described(&state, method));
    Ok(response.into())
}

pub(super) async fn finish_upload(state: Arc<ObjectState>, mut call: Call) -> ApiResult {
    let body: FinishBody = call.body()?;
    call.authorize(|params| params.text("projectId", &body.project_id))?;
    let upload = FinishUpload {
        name: call.param("name").to_owned(),
        project_id: body.project_id,
        upload_id: body.upload_id,
        hashes: hashes(body.hashes)?,
    };
    state.objects.finish_upload(upload).await?;
    Ok(Object::new().into())
}

/// The schema accepts any value for algorithms that it does not know.
fn hashes(given: serde_json::Map<String, Value>) -> Result<Hashes, ApiError> {
    let texts = given.into_iter().map(|(algorithm, value)| match value {
        Value::String(hash) => Ok((algorithm, hash)),
        other => {
            let message = format!("`hashes.{algorithm}` must be a string");
            let pointer = format!("/payload/hashes/{}", algorithm.replace('~', "~0").replace('/', "~1"));
            Err(ApiError::new(ErrorCode::InputValidationError, message).at(pointer, "be a string", other.to_string()))
        }
    });
    texts.collect()
}

fn promise(proposed: ProposedPut) -> Result<PutPromise, ApiError> {
    let ProposedPut { content_type, content_length } = proposed;
    let content_length = u64::try_from(content_length).map_err(|_| {
        ApiError::input(format!("`proposedUploadMethods.putUrl.contentLength` is {content_length}, below 0"))
    })?;
    Ok(PutPromise { content_type, content_length })
}

fn described(state: &ObjectState, method: Option<UploadMethod>) -> Value {
    match method {
        None => json!({}),
        Some(UploadMethod::DataInline) => json!({ "dataInline": true }),
        Some(UploadMethod::PutUrl(PutUrl { path, expires, headers })) => {
            let url = format!("{}{path}", state.root_url);
            json!({ "putUrl": { "url": url, "expires": time::format(expires), "headers": headers } })
        }
    }
}
