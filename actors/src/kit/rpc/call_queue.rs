//! Calls of one method that travel together.
//!
//! A message costs the caller, the broker and the server more than the call in it does. So what comes while messages are under
//! way waits, and goes in the next one; the responses of a message come back in one, too. A call that finds nothing under way goes
//! at once.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use prost::Message as _;
use protocol::proto::{RpcRequest, RpcResponse};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout, timeout_at},
};

use super::transport::Transport;
use crate::kit::{Background, CallError};

/// Messages of a method under way, beyond which calls wait.
const UNDER_WAY: usize = 2;
/// No call waits longer than this to be sent: whoever has the messages before it may be frozen.
const MAX_WAIT: Duration = Duration::from_millis(20);
/// In one message. With the responses in mind, of which each may be as large as a task.
const MAX_CALLS: usize = 32;
const MAX_BYTES: usize = 256 * 1024;

type Outcome = Result<RpcResponse, CallError>;

struct QueuedCall {
    request: RpcRequest,
    deadline: Instant,
    response: oneshot::Sender<Outcome>,
}

/// The calls of one method. Those who send them end with it.
pub(super) struct CallQueue {
    shared: Arc<Shared>,
    senders: Mutex<Vec<Background>>,
}

struct Shared {
    transport: Transport,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<QueuedCall>,
    /// How many calls have left `waiting`.
    taken: u64,
    under_way: usize,
}

impl CallQueue {
    pub(super) fn new(transport: Transport) -> Self {
        Self { shared: Arc::new(Shared { transport, state: Mutex::default() }), senders: Mutex::default() }
    }

    pub(super) async fn call(&self, request: RpcRequest, deadline: Instant) -> Outcome {
        let (response, mut outcome) = oneshot::channel();
        let place = self.submit(QueuedCall { request, deadline, response });
        let in_time = async {
            if let Ok(outcome) = timeout(MAX_WAIT, &mut outcome).await {
                return outcome;
            }
            self.start_unless_taken(place);
            outcome.await
        };
        timeout_at(deadline, in_time)
            .await
            .map_or(Err(CallError::Late), |outcome| outcome.unwrap_or(Err(CallError::Down)))
    }

    /// The number of calls that are taken before this one.
    fn submit(&self, call: QueuedCall) -> u64 {
        let mut state = self.shared.lock();
        let place = state.taken + state.waiting.len() as u64;
        state.waiting.push_back(call);
        if state.under_way < UNDER_WAY {
            self.start(state);
        }
        place
    }

    fn start_unless_taken(&self, place: u64) {
        let state = self.shared.lock();
        if state.taken <= place {
            self.start(state);
        }
    }

    /// Sends what waits, if anything does.
    fn start(&self, mut state: MutexGuard<'_, State>) {
        let batch = state.take();
        if batch.is_empty() {
            return;
        }
        state.under_way += 1;
        drop(state);
        let sender = Background::start(self.shared.clone().send_all(batch));
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|sender| !sender.has_ended());
        senders.push(sender);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on as long as calls wait.
    async fn send_all(self: Arc<Self>, mut batch: Vec<QueuedCall>) {
        while !batch.is_empty() {
            self.send(batch).await;
            batch = self.lock().next();
        }
    }

    async fn send(&self, batch: Vec<QueuedCall>) {
        let mut requests = batch.iter().map(|call| call.request.clone());
        let Some(mut message) = requests.next() else { return };
        message.more = requests.collect();
        let deadline = batch.iter().map(|call| call.deadline).max().unwrap_or_else(Instant::now);
        match self.transport.send(message.encode_to_vec().into(), deadline).await {
            Ok(mut response) => {
                let more = std::mem::take(&mut response.more);
                let mut calls = batch.into_iter();
                // In this order: the end of the responses takes no call with it.
                for (response, call) in std::iter::once(response).chain(more).zip(calls.by_ref()) {
                    let _ = call.response.send(Ok(response));
                }
                // A server of an older version takes only the first call of a message.
                join_all(calls.map(|call| self.send_alone(call))).await;
            }
            Err(error) => batch.into_iter().for_each(|call| drop(call.response.send(Err(error)))),
        }
    }

    async fn send_alone(&self, call: QueuedCall) {
        let _ = call.response.send(self.transport.send(call.request.encode_to_vec().into(), call.deadline).await);
    }
}

impl State {
    /// As much as one message carries, without calls that nobody waits for any more.
    fn take(&mut self) -> Vec<QueuedCall> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < MAX_CALLS
            && let Some(next) = self.waiting.pop_front()
        {
            bytes += next.request.body.len();
            if bytes > MAX_BYTES && !batch.is_empty() {
                self.waiting.push_front(next);
                break;
            }
            self.taken += 1;
            if !next.response.is_closed() {
                batch.push(next);
            }
        }
        batch
    }

    /// For one whose message has come back. None when there is enough under way without it.
    fn next(&mut self) -> Vec<QueuedCall> {
        let batch = if self.under_way > UNDER_WAY { Vec::new() } else { self.take() };
        if batch.is_empty() {
            self.under_way -= 1;
        }
        batch
    }
}
