//! The caller's side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base::{Clock, Rng, telemetry};
use bus::{Bus, CallFailure};
use bytes::Bytes;
use chrono::TimeDelta;
use prost::Message;
use protocol::proto::{GivenUp, Refusal, Request, Response, response::Outcome};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use super::GIVEN_UP;
use crate::kit::CallError;

/// How long a caller waits for a service whose last process is just being restarted; a longer absence is `Down`.
const RESTART_PATIENCE: Duration = Duration::from_millis(500);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A lasting address: whoever serves the inbox at the moment of a call may answer it. Cheap to clone.
#[derive(Clone)]
pub struct Remote {
    bus: Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    inbox: Arc<str>,
    caller: u64,
    calls: Arc<AtomicU64>,
    room: Arc<Semaphore>,
}

impl Remote {
    /// `most`: calls under way at the same time; one more is shed at once.
    pub fn new(bus: Arc<dyn Bus>, clock: Arc<dyn Clock>, rng: &Rng, inbox: &str, most: usize) -> Self {
        let (caller, calls, room) = (rng.number(), Arc::default(), Arc::new(Semaphore::new(most)));
        Self { bus, clock, inbox: inbox.into(), caller, calls, room }
    }

    /// Asks and waits for the answer, or the refusal. A call that may have reached somebody is not sent again.
    pub async fn ask<A: Message + Default>(
        &self,
        method: &str,
        question: Vec<u8>,
        deadline: Duration,
    ) -> Result<Result<A, Refusal>, CallError> {
        let _room = self.room.try_acquire().map_err(|_| CallError::Down)?;
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let until = self.clock.now() + TimeDelta::from_std(deadline).unwrap_or(TimeDelta::MAX);
        let request = Request {
            method: method.to_owned(),
            question,
            until_ms: until.timestamp_millis(),
            traceparent: telemetry::traceparent().unwrap_or_default(),
            caller: self.caller,
            number,
        };
        let mut waiting = Waiting { bus: &*self.bus, caller: self.caller, number, heard: false };
        let answer = self.insist(request.encode_to_vec().into(), Instant::now() + deadline).await?;
        waiting.heard = true;
        let response = Response::decode(answer).map_err(|error| {
            tracing::error!(method, %error, "an answer cannot be read");
            CallError::Down
        })?;
        match response.outcome {
            Some(Outcome::Answer(answer)) => A::decode(&answer[..]).map(Ok).map_err(|error| {
                tracing::error!(method, %error, "an answer cannot be read");
                CallError::Down
            }),
            Some(Outcome::Refusal(refusal)) => Ok(Err(refusal)),
            None => Err(CallError::Down),
        }
    }

    /// Sent again only while nobody is there who could have begun it.
    async fn insist(&self, request: Bytes, until: Instant) -> Result<Bytes, CallError> {
        let patience = Instant::now() + RESTART_PATIENCE;
        let asked = async {
            loop {
                let left = until.saturating_duration_since(Instant::now());
                match self.bus.call(&self.inbox, request.clone(), left).await {
                    Ok(answer) => return Ok(answer),
                    Err(CallFailure::Late) => return Err(CallError::Late),
                    Err(CallFailure::Down) if Instant::now() < patience => sleep(LOOK_AGAIN).await,
                    Err(CallFailure::Down | CallFailure::Lost) => return Err(CallError::Down),
                }
            }
        };
        timeout_at(until, asked).await.unwrap_or(Err(CallError::Late))
    }
}

/// Says that nobody waits any more, however the waiting ends without an answer.
struct Waiting<'b> {
    bus: &'b dyn Bus,
    caller: u64,
    number: u64,
    heard: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.heard {
            let word = GivenUp { caller: self.caller, number: self.number };
            self.bus.wake(GIVEN_UP, word.encode_to_vec().into());
        }
    }
}
