//! Drover's own endpoint for a whole graph of tasks in one call.

mod create;
mod cycle;
mod request;

use std::sync::{Arc, LazyLock};

use actors::queue::Queue;
use base::Clock;
use protocol::reference::Service;

use crate::{
    Api,
    http::{Probes, Read, Routes},
};

/// What the endpoint needs.
pub(crate) struct GraphState {
    pub queue: Queue,
    pub clock: Arc<dyn Clock>,
}

/// Not part of the public references: it is ours alone.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let parsed = serde_json::from_str(include_str!("api.json"));
    parsed.unwrap_or_else(|fault| panic!("the built-in declaration of the graph endpoint does not parse: {fault}"))
});

pub(crate) fn routes(api: &Api, probes: &Probes) -> Routes<GraphState> {
    let state = GraphState { queue: api.queue.clone(), clock: Arc::clone(&api.clock) };
    Routes::declared(&SERVICE, state, probes).reading(Read::Whole, "createGraph", create::create_graph)
}
