//! Calls within one process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::oneshot, time::timeout};

use super::queue::{MemoryQueue, Overflow};
use crate::{CallFailure, ContentType, Message, ReplyTo};

/// Inboxes that are served, and the callers that wait.
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

/// A message that went through no exchange is a call; its routing key is the number of the call.
pub(super) fn reply_to(message: &Message) -> Option<ReplyTo> {
    let call = message.exchange.is_empty().then(|| message.routing_key.clone())?;
    Some(ReplyTo { queue: String::new(), call })
}

impl Calls {
    /// One more serves this inbox.
    pub(super) fn serve(&self, name: &str, capacity: usize) -> Arc<MemoryQueue> {
        let mut state = self.state();
        let fresh = || Inbox { queue: Arc::new(MemoryQueue::new(capacity, Overflow::Wait)), servers: 0 };
        let inbox = state.inboxes.entry(name.to_owned()).or_insert_with(fresh);
        inbox.servers += 1;
        inbox.queue.clone()
    }

    /// One who served this inbox is gone.
    pub(super) fn leave(&self, name: &str) {
        let mut state = self.state();
        let Some(inbox) = state.inboxes.get_mut(name) else { return };
        inbox.servers -= 1;
        if inbox.servers == 0 {
            inbox.queue.close();
            state.inboxes.remove(name);
        }
    }

    pub(super) async fn call(&self, inbox: &str, question: Bytes, deadline: Duration) -> Result<Bytes, CallFailure> {
        let (answered, answer) = oneshot::channel();
        let call = self.submit(inbox, question, answered).ok_or(CallFailure::Down)?;
        let _forget = Forget { calls: self, call };
        match timeout(deadline, answer).await {
            Ok(answer) => answer.map_err(|_| CallFailure::Lost),
            Err(_) => Err(CallFailure::Late),
        }
    }

    /// Dropped when nobody waits for it any more.
    pub(super) fn reply(&self, to: &ReplyTo, answer: Bytes) {
        if let Some(waiting) = self.state().waiting.remove(&to.call) {
            let _ = waiting.send(answer);
        }
    }

    fn submit(&self, inbox: &str, question: Bytes, answered: oneshot::Sender<Bytes>) -> Option<String> {
        let mut state = self.state();
        let queue = state.inboxes.get(inbox)?.queue.clone();
        state.last += 1;
        let call = state.last.to_string();
        let message = Message {
            exchange: "".into(),
            routing_key: call.clone(),
            cc: Vec::new(),
            content_type: ContentType::Protobuf,
            body: question,
            id: String::new(),
            replayed: false,
        };
        state.waiting.insert(call.clone(), answered);
        let taken = queue.offer(&Arc::new(message));
        if !taken {
            state.waiting.remove(&call);
        }
        taken.then_some(call)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the caller out of those who wait, however it ends.
struct Forget<'c> {
    calls: &'c Calls,
    call: String,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.calls.state().waiting.remove(&self.call);
    }
}
