//! RPC within one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::oneshot, time::timeout};

use super::queue::{MemoryQueue, Overflow};
use crate::{ContentType, Message, ReplyTo, TransportError};

/// Inboxes with servers, and pending calls.
#[derive(Default)]
pub(super) struct Calls(Mutex<State>);

#[derive(Default)]
struct State {
    inboxes: HashMap<String, Inbox>,
    waiting: HashMap<String, oneshot::Sender<Bytes>>,
    last: u64,
}

struct Inbox {
    queue: Arc<MemoryQueue>,
    servers: usize,
}

/// A message without an exchange is a call; its routing key is the id of the call.
pub(super) fn reply_to(message: &Message) -> Option<ReplyTo> {
    let call = message.exchange.is_empty().then(|| message.routing_key.clone())?;
    Some(ReplyTo { queue: String::new(), call })
}

impl Calls {
    /// Adds a server to this inbox.
    pub(super) fn add_server(&self, name: &str, capacity: usize) -> Arc<MemoryQueue> {
        let mut state = self.state();
        let fresh = || Inbox { queue: Arc::new(MemoryQueue::new(capacity, Overflow::Wait)), servers: 0 };
        let inbox = state.inboxes.entry(name.to_owned()).or_insert_with(fresh);
        inbox.servers += 1;
        inbox.queue.clone()
    }

    /// Removes a server from this inbox.
    pub(super) fn remove_server(&self, name: &str) {
        let mut state = self.state();
        let Some(inbox) = state.inboxes.get_mut(name) else { return };
        inbox.servers -= 1;
        if inbox.servers == 0 {
            inbox.queue.close();
            state.inboxes.remove(name);
        }
    }

    pub(super) async fn call(&self, inbox: &str, request: Bytes, deadline: Duration) -> Result<Bytes, TransportError> {
        let (sender, receiver) = oneshot::channel();
        let call = self.submit(inbox, request, sender).ok_or(TransportError::Unavailable)?;
        let _guard = RemoveOnDrop { calls: self, call };
        match timeout(deadline, receiver).await {
            Ok(response) => response.map_err(|_| TransportError::ConnectionLost),
            Err(_) => Err(TransportError::Timeout),
        }
    }

    /// Ignored when the call is not pending any more.
    pub(super) fn reply(&self, to: &ReplyTo, response: Bytes) {
        if let Some(waiting) = self.state().waiting.remove(&to.call) {
            let _ = waiting.send(response);
        }
    }

    fn submit(&self, inbox: &str, request: Bytes, sender: oneshot::Sender<Bytes>) -> Option<String> {
        let mut state = self.state();
        let queue = state.inboxes.get(inbox)?.queue.clone();
        state.last += 1;
        let call = state.last.to_string();
        let message = Message {
            exchange: "".into(),
            routing_key: call.clone(),
            cc: Vec::new(),
            content_type: ContentType::Protobuf,
            body: request,
            id: String::new(),
            replayed: false,
        };
        state.waiting.insert(call.clone(), sender);
        let accepted = queue.offer(&Arc::new(message));
        if !accepted {
            state.waiting.remove(&call);
        }
        accepted.then_some(call)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the pending call, however it ends.
struct RemoveOnDrop<'c> {
    calls: &'c Calls,
    call: String,
}

impl Drop for RemoveOnDrop<'_> {
    fn drop(&mut self) {
        self.calls.state().waiting.remove(&self.call);
    }
}
