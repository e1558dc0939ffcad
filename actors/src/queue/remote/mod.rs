//! The queue in another process: what is asked and answered, as protobuf (`protocol/proto/drover/v1/queue.proto`).

mod groups;
mod page;
mod refusal;
mod runs;
mod tasks;
#[cfg(test)]
mod tests;
mod wire;
mod workers;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use bus::Bus;
use prost::Message as _;
use protocol::proto::{RpcRequest, RpcResponse, rpc_response::Outcome};
pub(super) use wire::{Unreadable, Wire};

use super::{
    QueueError, QueueSettings, door,
    near::{GRAPH_PATIENCE, Near},
};
use crate::kit::{Child, rpc};

/// Where calls wait that are answered as soon as can be.
const INBOX: &str = "drover/v1/queue";
/// Where workers wait for tasks, so that however many there are, no other call waits behind them.
const WAITING_INBOX: &str = "drover/v1/queue/waiting";

/// Calls that one process works on at the same time; their lanes make large batches of them.
const CALLS: u16 = 2048;
/// Workers that wait at one process.
const WAITING_WORKERS: u16 = 20_000;
/// How long calls under way may take when a process ends.
const FINISH_WITHIN: Duration = Duration::from_secs(5);
/// Besides the long poll itself.
const ON_THE_WAY: Duration = Duration::from_secs(3);

/// The way to the queue of whichever process answers.
#[derive(Clone)]
pub(super) struct Far {
    calls: rpc::Client,
    waiting: rpc::Client,
    request_timeout: Duration,
    long_poll: Duration,
}

impl Far {
    pub(super) fn new(bus: &Arc<dyn Bus>, clock: &Arc<dyn Clock>, rng: &Rng, settings: &QueueSettings) -> Self {
        let client =
            |queue: &str, max_calls: usize| rpc::Client::new(bus.clone(), clock.clone(), rng, queue, max_calls);
        Self {
            calls: client(INBOX, settings.max_queued),
            waiting: client(WAITING_INBOX, WAITING_WORKERS.into()),
            request_timeout: settings.request_timeout.duration(),
            long_poll: settings.long_poll.duration() + ON_THE_WAY,
        }
    }

    pub(super) async fn ask<T: Wire>(&self, method: &str, question: impl Wire) -> Result<T, QueueError> {
        ask(&self.calls, method, question, self.request_timeout).await
    }

    /// For a whole graph.
    pub(super) async fn ask_long<T: Wire>(&self, method: &str, question: impl Wire) -> Result<T, QueueError> {
        ask(&self.calls, method, question, GRAPH_PATIENCE).await
    }

    pub(super) async fn wait<T: Wire>(&self, method: &str, question: impl Wire) -> Result<T, QueueError> {
        ask(&self.waiting, method, question, self.long_poll).await
    }
}

async fn ask<T: Wire>(
    client: &rpc::Client,
    method: &str,
    question: impl Wire,
    deadline: Duration,
) -> Result<T, QueueError> {
    let question = question.write().encode_to_vec();
    match client.call::<T::Message>(method, question.into(), deadline).await? {
        Ok(answer) => T::read(answer).map_err(|error| {
            tracing::error!(method, %error, "the queue of another process answers what cannot be");
            QueueError::Elsewhere
        }),
        Err(refusal) => Err(refusal::read(refusal)),
    }
}

/// The parts that answer other processes, to be supervised, and to be ended before the queue itself.
pub(super) fn parts(near: &Near, bus: &Arc<dyn Bus>, rng: &Rng) -> Vec<Child> {
    let service = |name: &'static str, queue: &'static str, max_calls: u16, drain_timeout: Duration| rpc::Server {
        bus: bus.clone(),
        clock: near.environment.clock.clone(),
        rng: rng.branch(name),
        name,
        queue,
        max_calls,
        drain_timeout,
        handler: Arc::new(Door(near.clone())),
    };
    vec![
        service("queue/calls", INBOX, CALLS, FINISH_WITHIN).child(),
        service("queue/waiting-workers", WAITING_INBOX, WAITING_WORKERS, FINISH_WITHIN).child(),
    ]
}

/// The queue of this process, as others see it.
struct Door(Near);

impl rpc::Handler for Door {
    async fn handle(&self, request: RpcRequest) -> RpcResponse {
        let answered = door::answer(&self.0, &request.method, &request.body).await;
        RpcResponse {
            outcome: Some(match answered {
                Ok(answer) => Outcome::Body(answer.into()),
                Err(error) => Outcome::Error(refusal::write(&error)),
            }),
        }
    }

    fn closing(&self) {
        self.0.close();
    }
}
