use std::sync::Arc;

use actors::object::{AcceptedMethods, DownloadMethod, Metadata};
use protocol::time;
use serde::Deserialize;
use serde_json::json;

use super::ObjectState;
use crate::http::{Answer, Call, Object, Reply};

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

pub(super) async fn start_download(state: Arc<ObjectState>, mut call: Call) -> Answer {
    let StartBody { accept_download_methods: Accepted { simple, get_url } } = call.body()?;
    let method = state.objects.start_download(call.param("name"), AcceptedMethods { simple, get_url }).await?;
    let url = |path| format!("{}{path}", state.root_url);
    let reply = match method {
        DownloadMethod::GetUrl { path, expires, hashes } => Object::new()
            .field("method", &"getUrl")
            .field("url", &url(path))
            .field("expires", &time::format(expires))
            .field("hashes", &hashes),
        DownloadMethod::Simple { path } => Object::new().field("method", &"simple").field("url", &url(path)),
    };
    Ok(reply.into())
}

pub(super) async fn object(state: Arc<ObjectState>, call: Call) -> Answer {
    let Metadata { project_id, expires, hashes } = state.objects.metadata(call.param("name")).await?;
    let reply =
        Object::new().field("projectId", &project_id).field("expires", &time::format(expires)).field("hashes", &hashes);
    Ok(reply.into())
}

pub(super) async fn download(state: Arc<ObjectState>, call: Call) -> Answer {
    let path = state.objects.simple_path(call.param("name")).await?;
    let url = format!("{}{path}", state.root_url);
    Reply::see_other(&url, &json!({ "url": url }))
}
