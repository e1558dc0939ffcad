//! The calls of one message, while they are carried out.

use std::sync::{Mutex, PoisonError};

use bus::{Bus, ReplyTo};
use prost::Message as _;
use protocol::proto::RpcResponse;

use crate::kit::Delivery;

/// If it is dropped before all its calls have ended, another process carries them out.
pub(super) struct Batch {
    reply_to: ReplyTo,
    state: Mutex<State>,
}

struct State {
    delivery: Option<Delivery>,
    responses: Vec<RpcResponse>,
    /// Calls that have not ended.
    open: usize,
}

/// A message whose calls have all ended.
pub(super) struct Answered {
    delivery: Delivery,
    reply_to: ReplyTo,
    responses: Vec<RpcResponse>,
}

impl Batch {
    pub(super) fn new(delivery: Delivery, reply_to: ReplyTo, calls: usize) -> Self {
        let state = State { delivery: Some(delivery), responses: vec![RpcResponse::default(); calls], open: calls };
        Self { reply_to, state: Mutex::new(state) }
    }

    /// The call at this place has ended, which each does once. The last one gets the whole.
    pub(super) fn end(&self, place: usize, response: RpcResponse) -> Option<Answered> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.responses[place] = response;
        state.open -= 1;
        if state.open > 0 {
            return None;
        }
        let responses = std::mem::take(&mut state.responses);
        state.delivery.take().map(|delivery| Answered { delivery, reply_to: self.reply_to.clone(), responses })
    }
}

impl Answered {
    /// Without a response where nobody waits for any.
    pub(super) async fn reply(self, bus: &dyn Bus) {
        let is_awaited = self.responses.iter().any(|response| response.outcome.is_some());
        let mut responses = self.responses.into_iter();
        if is_awaited && let Some(mut first) = responses.next() {
            first.more = responses.collect();
            if let Err(error) = bus.reply(&self.reply_to, first.encode_to_vec().into()).await {
                tracing::warn!(%error, "cannot send RPC response");
            }
        }
        self.delivery.ack();
    }
}
