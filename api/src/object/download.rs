use std::sync::Arc;

use actors::object::{AcceptedMethods, DownloadMethod, Metadata};
use protocol::time;
use serde::Deserialize;
use serde_json::json;

use super::ObjectState;
use crate::http::{ApiResponse, ApiResult, Call, Object};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartBody {
    accept_download_methods: Accepted,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    #[serde(default)]
    simple: bool,
    #[serde(default)]
    get_url: bool,
}

pub(super) async fn start_download(state: Arc<ObjectState>, mut call: Call) -> ApiResult {
    let StartBody { accept_download_methods: Accepted { simple, get_url } } = call.body()?;
    let method = state.objects.start_download(call.param("name"), AcceptedMethods { simple, get_url }).await?;
    let url = |path| format!("{}{path}", state.root_url);
    let response = match method {
        DownloadMethod::GetUrl { path, expires, hashes } => Object::new()
            .field("method", &"getUrl")
            .field("url", &url(path))
            .field("expires", &time::format(expires))
            .field("hashes", &hashes),
        DownloadMethod::Simple { path } => Object::new().field("method", &"simple").field("url", &url(path)),
    };
    Ok(response.into())
}

pub(super) async fn object(state: Arc<ObjectState>, call: Call) -> ApiResult {
    let Metadata { project_id, expires, hashes } = state.objects.metadata(call.param("name")).await?;
    let response =
        Object::new().field("projectId", &project_id).field("expires", &time::format(expires)).field("hashes", &hashes);
    Ok(response.into())
}

pub(super) async fn download(state: Arc<ObjectState>, call: Call) -> ApiResult {
    let path = state.objects.simple_path(call.param("name")).await?;
    let url = format!("{}{path}", state.root_url);
    ApiResponse::see_other(&url, &json!({ "url": url }))
}
