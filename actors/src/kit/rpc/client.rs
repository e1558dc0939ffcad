//! The caller's side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Clock, Rng, telemetry};
use bus::{Bus, TransportError};
use bytes::Bytes;
use chrono::TimeDelta;
use prost::Message;
use protocol::proto::{CancelCall, RpcError, RpcRequest, RpcResponse, rpc_response::Outcome};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use super::CANCEL_EXCHANGE;
use crate::kit::CallError;

/// How long a caller waits for a service whose last process is just being restarted; a longer absence is `Down`.
const RESTART_TIMEOUT: Duration = Duration::from_millis(500);
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Calls the methods of a service: whichever process serves its queue at that moment may answer. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    queue: Arc<str>,
    caller: u64,
    next_number: Arc<AtomicU64>,
    permits: Arc<Semaphore>,
}

impl Client {
    /// `max_calls`: calls under way at the same time; one more fails at once.
    pub fn new(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>, rng: &Rng, queue: &str, max_calls: usize) -> Self {
        let (caller, next_number, permits) = (rng.number(), Arc::default(), Arc::new(Semaphore::new(max_calls)));
        Self { bus, clock, queue: queue.into(), caller, next_number, permits }
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
        };
        let mut cancel = CancelOnDrop { bus: &*self.bus, caller: self.caller, number, answered: false };
        let response = self.send(request.encode_to_vec().into(), Instant::now() + timeout).await?;
        cancel.answered = true;
        let unreadable = |error: prost::DecodeError| {
            tracing::error!(method, %error, "cannot decode RPC response");
            CallError::Down
        };
        match RpcResponse::decode(response).map_err(unreadable)?.outcome {
            Some(Outcome::Body(body)) => R::decode(body).map(Ok).map_err(unreadable),
            Some(Outcome::Error(error)) => Ok(Err(error)),
            None => Err(CallError::Down),
        }
    }

    /// Sent again only while nobody is there who could have begun it.
    async fn send(&self, request: Bytes, deadline: Instant) -> Result<Bytes, CallError> {
        let give_up_at = Instant::now() + RESTART_TIMEOUT;
        let attempts = async {
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                match self.bus.call(&self.queue, request.clone(), left).await {
                    Ok(response) => return Ok(response),
                    Err(TransportError::Timeout) => return Err(CallError::Late),
                    Err(TransportError::Unavailable) if Instant::now() < give_up_at => sleep(RETRY_INTERVAL).await,
                    Err(TransportError::Unavailable | TransportError::ConnectionLost) => return Err(CallError::Down),
                }
            }
        };
        timeout_at(deadline, attempts).await.unwrap_or(Err(CallError::Late))
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
