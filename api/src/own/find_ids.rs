use std::sync::Arc;

use actors::id_search::IdSearchError;
use protocol::{error::ErrorCode, id::IdPrefix};

use super::OwnState;
use crate::{
    http::{ApiError, ApiResult, Call, Object},
    object::chain,
};

/// Empty lists where nothing begins so: what a prefix means is for the caller to say.
pub(super) async fn find_ids(state: Arc<OwnState>, call: Call) -> ApiResult {
    let found = state.ids.find(&call.parsed::<IdPrefix>("prefix")?).await?;
    Ok(Object::new().field("taskIds", &found.tasks).field("taskGroupIds", &found.task_groups).into())
}

impl From<IdSearchError> for ApiError {
    fn from(error: IdSearchError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
