use std::sync::Arc;

use actors::group_snapshot::GroupSnapshotError;
use protocol::error::ErrorCode;

use super::OwnState;
use crate::{
    http::{ApiError, ApiResponse, ApiResult, Call},
    object::chain,
};

/// All tasks of a group in columns.
pub(super) async fn group_snapshot(state: Arc<OwnState>, call: Call) -> ApiResult {
    let snapshot = state.snapshots.read(call.parsed("taskGroupId")?).await?;
    Ok(ApiResponse::json(&snapshot).with_header("etag", &format!("\"{}\"", snapshot.at)))
}

impl From<GroupSnapshotError> for ApiError {
    fn from(error: GroupSnapshotError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
