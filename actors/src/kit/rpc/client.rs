//! The caller's side.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Clock, Rng, telemetry};
use bus::Bus;
use bytes::Bytes;
use chrono::TimeDelta;
use prost::Message;
use protocol::proto::{CancelCall, RpcError, RpcRequest, rpc_response::Outcome};
use tokio::{sync::Semaphore, time::Instant};

use super::{CANCEL_EXCHANGE, call_queue::CallQueue, transport::Transport};
use crate::kit::CallError;

/// Calls the methods of a service: whichever process serves its queue at that moment may answer. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    transport: Transport,
    clock: Arc<dyn Clock>,
    caller: u64,
    next_number: Arc<AtomicU64>,
    permits: Arc<Semaphore>,
    /// One for each method; `None`: every call travels alone.
    queues: Option<Arc<Mutex<CallQueues>>>,
}

type CallQueues = HashMap<String, Arc<CallQueue>>;

impl Client {
    /// `max_calls`: calls under way at the same time; one more fails at once.
    pub fn new(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>, rng: &Rng, queue: &str, max_calls: usize) -> Self {
        let (caller, next_number, permits) = (rng.number(), Arc::default(), Arc::new(Semaphore::new(max_calls)));
        let transport = Transport { bus, queue: queue.into() };
        Self { transport, clock, caller, next_number, permits, queues: Some(Arc::default()) }
    }

    /// For calls of which each may take long, whatever happens to the others: none waits for another's response.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        self.queues = None;
        self
    }

    /// Sends the request and waits for the response, or the error of the service. A call that may have reached somebody
    /// is not sent again.
    pub async fn call<R: Message + Default>(
        &self,
        method: &str,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Result<R, RpcError>, CallError> {
        let _permit = self.permits.try_acquire().map_err(|_| CallError::Down)?;
        // Only has to be different from the other numbers of this caller; it orders nothing.
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let deadline = self.clock.now() + TimeDelta::from_std(timeout).unwrap_or(TimeDelta::MAX);
        let request = RpcRequest {
            method: method.to_owned(),
            body,
            deadline_ms: deadline.timestamp_millis(),
            traceparent: telemetry::traceparent().unwrap_or_default(),
            caller: self.caller,
            number,
            more: Vec::new(),
        };
        let mut cancel = CancelOnDrop { bus: &*self.transport.bus, caller: self.caller, number, answered: false };
        let deadline = Instant::now() + timeout;
        let response = match self.queue_of(method) {
            Some(queue) => queue.call(request, deadline).await?,
            None => self.transport.send(request.encode_to_vec().into(), deadline).await?,
        };
        cancel.answered = true;
        match response.outcome {
            Some(Outcome::Body(body)) => R::decode(body).map(Ok).map_err(|error| {
                tracing::error!(method, %error, "cannot decode RPC response");
                CallError::Down
            }),
            Some(Outcome::Error(error)) => Ok(Err(error)),
            None => Err(CallError::Down),
        }
    }

    fn queue_of(&self, method: &str) -> Option<Arc<CallQueue>> {
        let mut queues = self.queues.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(method) {
            return Some(queue.clone());
        }
        let queue = Arc::new(CallQueue::new(self.transport.clone()));
        queues.insert(method.to_owned(), queue.clone());
        Some(queue)
    }
}

/// Cancels the call where it runs, however the caller stops waiting without a response: deadline, error, or dropped.
struct CancelOnDrop<'b> {
    bus: &'b dyn Bus,
    caller: u64,
    number: u64,
    answered: bool,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if !self.answered {
            let cancel = CancelCall { caller: self.caller, number: self.number };
            self.bus.notify(CANCEL_EXCHANGE, cancel.encode_to_vec().into());
        }
    }
}
