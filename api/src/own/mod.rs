//! Drover's own endpoints: a whole graph of tasks in one call, why a task is not running, and ids by their first letters.

mod explain;
mod find_ids;
mod graph;

use std::sync::Arc;

use actors::{
    id_search::IdSearch,
    queue::{Queue, TaskLimits},
};
use base::Clock;

use crate::http::{BodyMode, Routes};

/// What the endpoints need.
pub(crate) struct OwnState {
    pub queue: Queue,
    pub limits: TaskLimits,
    pub ids: IdSearch,
    pub clock: Arc<dyn Clock>,
}

pub fn routes(clock: Arc<dyn Clock>, queue: Queue, limits: TaskLimits, ids: IdSearch) -> Routes {
    let state = OwnState { queue, limits, ids, clock };
    Routes::of("drover", state)
        .on_body(BodyMode::Buffered, "createGraph", graph::create_graph)
        .on("explainTask", explain::explain_task)
        .on("findIds", find_ids::find_ids)
        .build()
}
