use std::sync::Arc;

use actors::{kit::PageAfter, worker_manager::WorkerManager};

use crate::http::{ApiResult, Call, Object};

/// The default number of rows is smaller here.
const DEFAULT_ROWS: i64 = 100;

pub(super) async fn list(manager: Arc<WorkerManager>, call: Call) -> ApiResult {
    let page = call.page()?;
    let limit = if call.query("limit").is_some() { page.limit } else { DEFAULT_ROWS };
    let page = manager.list_providers(&PageAfter { limit, ..page });
    let token = page.next.map(|id| call.token(&id));
    let providers = page.rows.into_iter().map(|(id, provider_type)| {
        Object::new().field("providerId", &id).field("providerType", &provider_type.as_str())
    });
    Ok(Object::new().list("providers", providers).optional("continuationToken", token.as_ref()).into())
}
