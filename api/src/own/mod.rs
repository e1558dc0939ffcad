//! Drover's own endpoints: a whole graph of tasks in one call, and why a task is not running.

mod explain;
mod graph;

use std::sync::Arc;

use actors::queue::{Queue, TaskLimits};
use base::Clock;

use crate::{
    Api,
    http::{BodyMode, Probes, Routes},
};

/// What the endpoints need.
pub(crate) struct OwnState {
    pub queue: Queue,
    pub limits: TaskLimits,
    pub clock: Arc<dyn Clock>,
}

pub(crate) fn routes(api: &Api, probes: &Probes) -> Routes<OwnState> {
    let state = OwnState { queue: api.queue.clone(), limits: api.task_limits, clock: Arc::clone(&api.clock) };
    Routes::of("drover", state, probes)
        .reading(BodyMode::Buffered, "createGraph", graph::create_graph)
        .on("explainTask", explain::explain_task)
}

/// Services of which there are only the probes so far: clients that look whether they are up find them.
pub(crate) const PROBES_ONLY: [&str; 2] = ["hooks", "worker-manager"];
