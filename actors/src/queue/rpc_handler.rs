//! Answers calls of other processes.

use std::{sync::Arc, time::Duration};

use base::Rng;
use bus::Bus;
use protocol::proto::{RpcRequest, RpcResponse, rpc_response::Outcome};

use super::{
    local::LocalQueue,
    remote::{CALLS, MAX_WAITING_CALLS, WAITING_CALLS},
    rpc_error,
};
use crate::kit::{
    Child,
    rpc::{Handler, Server},
};

/// Messages, of up to 32 calls, that one process works on at the same time; its batchers make large batches of them.
const MAX_MESSAGES: u16 = 1024;
/// How long calls under way may take when a process ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The actors, one for each queue of calls.
pub(super) fn servers(local: &Arc<LocalQueue>, bus: &Arc<dyn Bus>, rng: &Rng) -> Vec<Child> {
    let server = |name: &'static str, queue: &'static str, max_messages: u16| {
        Server {
            bus: bus.clone(),
            clock: local.clock.clone(),
            rng: rng.branch(name),
            name,
            queue,
            max_messages,
            drain_timeout: DRAIN_TIMEOUT,
            handler: Arc::new(RpcHandler(local.clone())),
        }
        .child()
    };
    vec![server("queue/calls", CALLS, MAX_MESSAGES), server("queue/waiting-calls", WAITING_CALLS, MAX_WAITING_CALLS)]
}

struct RpcHandler(Arc<LocalQueue>);

impl Handler for RpcHandler {
    async fn handle(&self, request: RpcRequest) -> RpcResponse {
        let outcome = match self.0.dispatch(&request.method, request.body).await {
            Ok(body) => Outcome::Body(body),
            Err(error) => Outcome::Error(rpc_error::to_proto(&error)),
        };
        RpcResponse { outcome: Some(outcome), ..RpcResponse::default() }
    }

    /// Workers that wait get an empty answer, so that they ask another process.
    fn closing(&self) {
        self.0.close_wait_queue();
    }
}
