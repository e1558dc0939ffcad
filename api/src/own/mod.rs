//! Drover's own endpoints: a whole graph of tasks in one call, and why a task is not running.

mod explain;
mod graph;

use std::sync::Arc;

use actors::queue::{Queue, TaskLimits};
use base::Clock;

use crate::http::{BodyMode, Routes};

/// What the endpoints need.
pub(crate) struct OwnState {
    pub queue: Queue,
    pub limits: TaskLimits,
    pub clock: Arc<dyn Clock>,
}

pub fn routes(clock: Arc<dyn Clock>, queue: Queue, limits: TaskLimits) -> Routes {
    let state = OwnState { queue, limits, clock };
    Routes::of("drover", state)
        .on_body(BodyMode::Buffered, "createGraph", graph::create_graph)
        .on("explainTask", explain::explain_task)
        .build()
}
