//! Drover's own endpoints: a whole graph of tasks in one call, why a task is not running, ids by their first letters, and
//! what the page reads in one request.

mod actions;
mod explain;
mod find_ids;
mod graph;
mod group_snapshot;
mod overview;
mod task_view;

use std::sync::Arc;

use actors::{
    artifacts::Artifacts,
    group_snapshot::GroupSnapshots,
    id_search::IdSearch,
    offered_actions::OfferedActions,
    overview::Overview,
    queue::{Queue, TaskLimits},
};
use base::Clock;

use crate::http::{BodyMode, Routes};

/// What the endpoints need.
pub(crate) struct OwnState {
    pub queue: Queue,
    pub limits: TaskLimits,
    pub ids: IdSearch,
    pub snapshots: GroupSnapshots,
    pub overview: Overview,
    pub artifacts: Artifacts,
    pub actions: OfferedActions,
    pub clock: Arc<dyn Clock>,
}

/// What the page reads.
pub struct Views {
    pub snapshots: GroupSnapshots,
    pub overview: Overview,
    pub artifacts: Artifacts,
    pub actions: OfferedActions,
}

pub fn routes(clock: Arc<dyn Clock>, queue: Queue, limits: TaskLimits, ids: IdSearch, views: Views) -> Routes {
    let Views { snapshots, overview, artifacts, actions } = views;
    let state = OwnState { queue, limits, ids, snapshots, overview, artifacts, actions, clock };
    Routes::of("drover", state)
        .on_body(BodyMode::Buffered, "createGraph", graph::create_graph)
        .on("explainTask", explain::explain_task)
        .on("findIds", find_ids::find_ids)
        .on("groupSnapshot", group_snapshot::group_snapshot)
        .on("taskView", task_view::task_view)
        .on("listActions", actions::list_actions)
        .on("prepareAction", actions::prepare_action)
        .on("listRecent", overview::list_recent)
        .on("queueStats", overview::queue_stats)
        .build()
}
