//! The endpoints of purge-cache.

use std::sync::Arc;

use actors::purge_cache::{CachePurge, PurgeCache, PurgeError};
use protocol::{error::ErrorCode, id::TaskQueueId, time};
use serde::Deserialize;

use crate::{
    http::{ApiError, ApiResponse, ApiResult, Call, Object, Routes},
    object::chain,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PurgeBody {
    cache_name: String,
}

pub fn routes(purge_cache: PurgeCache) -> Routes {
    Routes::of("purge-cache", purge_cache)
        .on("purgeCache", purge)
        .on("allPurgeRequests", all_purge_requests)
        .on("purgeRequests", purge_requests)
        .build()
}

async fn purge(http: Arc<PurgeCache>, mut call: Call) -> ApiResult {
    let PurgeBody { cache_name } = call.body()?;
    call.authorize(|params| params.text("cacheName", &cache_name))?;
    http.purge(&pool(&call), &cache_name).await?;
    Ok(ApiResponse::no_content())
}

async fn all_purge_requests(http: Arc<PurgeCache>, call: Call) -> ApiResult {
    let page = http.list(call.page()?).await?;
    let token = page.next.map(|key| call.token(&key));
    let response = Object::new().list("requests", page.rows.iter().map(described));
    Ok(response.optional("continuationToken", token.as_ref()).into())
}

/// Never cached: a worker that asks after a purge must see it.
async fn purge_requests(http: Arc<PurgeCache>, call: Call) -> ApiResult {
    let since = call.query("since").and_then(time::parse);
    let purges = http.of_pool(&pool(&call), since).await?;
    Ok(Object::new().list("requests", purges.iter().map(described)).into())
}

fn pool(call: &Call) -> TaskQueueId {
    TaskQueueId(call.param("workerPoolId").to_owned())
}

fn described(purge: &CachePurge) -> Object {
    let (provisioner_id, worker_type) = purge.worker_pool_id.parts();
    Object::new()
        .field("provisionerId", &provisioner_id)
        .field("workerType", &worker_type)
        .field("cacheName", &purge.cache_name)
        .field("before", &time::format(purge.before))
}

impl From<PurgeError> for ApiError {
    fn from(error: PurgeError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
