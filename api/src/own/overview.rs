use std::sync::Arc;

use actors::overview::{OverviewError, QueueStatsRow, RecentGroup};
use protocol::{error::ErrorCode, time};

use super::OwnState;
use crate::{
    http::{ApiError, ApiResult, Call, Object},
    object::chain,
};

/// The newest groups with their names and how they stand.
pub(super) async fn list_recent(state: Arc<OwnState>, _: Call) -> ApiResult {
    let groups = state.overview.recent_groups().await?;
    Ok(Object::new().list("groups", groups.iter().map(group)).into())
}

/// All task queues with what waits there and who works for them.
pub(super) async fn queue_stats(state: Arc<OwnState>, _: Call) -> ApiResult {
    let queues = state.overview.queues().await?;
    Ok(Object::new().list("queues", queues.iter().map(queue)).into())
}

fn group(group: &RecentGroup) -> Object {
    let counts = group.counts.iter().fold(Object::new(), |counts, (state, count)| counts.field(state.as_str(), count));
    Object::new()
        .field("taskGroupId", &group.task_group_id)
        .field("schedulerId", &group.scheduler_id)
        .field("name", &group.name)
        .field("owner", &group.owner)
        .field("source", &group.source)
        .optional("created", group.created.map(time::format).as_ref())
        .field("expires", &time::format(group.expires))
        .optional("sealed", group.sealed.map(time::format).as_ref())
        .raw("counts", &counts.finish())
}

fn queue(row: &QueueStatsRow) -> Object {
    Object::new()
        .field("taskQueueId", &row.task_queue_id)
        .field("pending", &row.pending)
        .optional("oldestPending", row.oldest_pending.map(time::format).as_ref())
        .field("claimed", &row.claimed)
        .field("workers", &row.workers)
        .field("alive", &row.alive)
        .field("quarantined", &row.quarantined)
}

impl From<OverviewError> for ApiError {
    fn from(error: OverviewError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
