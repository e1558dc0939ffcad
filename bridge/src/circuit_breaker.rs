//! A circuit breaker around a master's driver: a master that hangs or fails is not called for a while, so that it delays nothing else.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use base::{Backoff, Clock, Rng};
use chrono::TimeDelta;
use db::bridge::MasterState;
use protocol::time::Timestamp;

use crate::driver::{
    Build, BuildId, Builder, Checked, Created, DriverError, DriverResult, EventSource, Lines, LogId, MasterDriver,
    NewRequest, Properties, Request, RequestId, Step,
};

/// Consecutive failures that open the circuit.
const FAILURE_THRESHOLD: u32 = 3;
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(1);
/// A driver has a timeout for each call of its own, but calls may first wait inside it for a free slot. A call that takes this many
/// timeouts is ended here, in case the driver does not.
const TIMEOUT_FACTOR: u32 = 4;

/// While the circuit is open, every call fails at once; only [`CircuitBreaker::probe`] reaches the master.
pub(crate) struct CircuitBreaker {
    driver: Arc<dyn MasterDriver>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    state: Mutex<State>,
}

struct State {
    health: Health,
    failures: u32,
    backoff: Backoff,
    /// The latest successful call.
    last_ok: Option<Timestamp>,
    /// When the next probe is due; `None` while the circuit is closed.
    probe_at: Option<Timestamp>,
}

/// The state of a master, as its latest responses show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) state: MasterState,
    pub(crate) error: Option<String>,
}

impl CircuitBreaker {
    pub(crate) fn new(driver: Arc<dyn MasterDriver>, clock: Arc<dyn Clock>, rng: Rng, timeout: Duration) -> Self {
        let health = Health { state: MasterState::Unknown, error: None };
        let backoff = Backoff::new(INITIAL_BACKOFF, MAX_BACKOFF, rng);
        let state = Mutex::new(State { health, failures: 0, backoff, last_ok: None, probe_at: None });
        Self { driver, clock, timeout: timeout * TIMEOUT_FACTOR, state }
    }

    pub(crate) fn health(&self) -> Health {
        self.state().health.clone()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state().probe_at.is_some()
    }

    /// The latest success of a master that was reached before and is not now.
    pub(crate) fn unavailable_since(&self) -> Option<Timestamp> {
        let state = self.state();
        state.probe_at.and(state.last_ok)
    }

    /// Takes over the time of the latest success that another process, or this one before a restart, has stored.
    pub(crate) fn restore_last_ok(&self, at: Timestamp) {
        let mut state = self.state();
        state.last_ok = state.last_ok.max(Some(at));
    }

    /// True once for each probe that is due; the caller then calls [`CircuitBreaker::probe`].
    pub(crate) fn take_due_probe(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let due = state.probe_at.is_some_and(|at| at <= now);
        if due {
            let pause = state.backoff.next_wait();
            state.probe_at = Some(now + delta(self.timeout + pause));
        }
        due
    }

    /// Calls `check` whatever the state of the circuit. A success closes it.
    pub(crate) async fn probe(&self) -> DriverResult<Checked> {
        let result = self.with_timeout(self.driver.check()).await;
        self.record(&result, true);
        result
    }

    async fn call<T>(&self, call: impl Future<Output = DriverResult<T>>) -> DriverResult<T> {
        if self.is_open() {
            return Err(DriverError::Unavailable("it is not called for a while after failures".to_owned()));
        }
        let result = self.with_timeout(call).await;
        self.record(&result, false);
        result
    }

    async fn with_timeout<T>(&self, call: impl Future<Output = DriverResult<T>>) -> DriverResult<T> {
        let late = || DriverError::Unavailable(format!("no answer within {:?}", self.timeout));
        tokio::time::timeout(self.timeout, call).await.unwrap_or_else(|_| Err(late()))
    }

    fn record<T>(&self, result: &DriverResult<T>, is_probe: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        match result {
            Err(error) if error.is_master_failure() => {
                state.failures += 1;
                let refused = matches!(error, DriverError::Auth(_));
                if is_probe || refused || state.failures >= FAILURE_THRESHOLD {
                    let master_state = if refused { MasterState::Refused } else { MasterState::Down };
                    state.health = Health { state: master_state, error: Some(error.to_string()) };
                    let pause = state.backoff.next_wait();
                    state.probe_at = Some(now + delta(pause));
                }
            }
            // A call that was in flight when the circuit opened does not close it: only a probe does.
            _ if state.probe_at.is_some() && !is_probe => {}
            _ => {
                state.failures = 0;
                state.last_ok = Some(now);
                state.probe_at = None;
                state.backoff.reset();
                state.health = Health { state: MasterState::Up, error: None };
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[async_trait]
impl MasterDriver for CircuitBreaker {
    async fn check(&self) -> DriverResult<Checked> {
        self.call(self.driver.check()).await
    }

    async fn builders(&self) -> DriverResult<Vec<Builder>> {
        self.call(self.driver.builders()).await
    }

    async fn create(&self, order: &NewRequest) -> DriverResult<Created> {
        self.call(self.driver.create(order)).await
    }

    async fn lookup(&self, key: &str) -> DriverResult<Option<Created>> {
        self.call(self.driver.lookup(key)).await
    }

    async fn requests(&self, ids: &[RequestId]) -> DriverResult<Vec<Request>> {
        self.call(self.driver.requests(ids)).await
    }

    async fn newest_request(&self) -> DriverResult<Option<RequestId>> {
        self.call(self.driver.newest_request()).await
    }

    async fn builds(&self, request: RequestId) -> DriverResult<Vec<Build>> {
        self.call(self.driver.builds(request)).await
    }

    async fn running_builds(&self) -> DriverResult<Option<Vec<Build>>> {
        self.call(self.driver.running_builds()).await
    }

    async fn properties(&self, build: BuildId) -> DriverResult<Properties> {
        self.call(self.driver.properties(build)).await
    }

    async fn steps(&self, build: BuildId) -> DriverResult<Vec<Step>> {
        self.call(self.driver.steps(build)).await
    }

    async fn lines(&self, log: LogId, offset: u64, limit: u32) -> DriverResult<Lines> {
        self.call(self.driver.lines(log, offset, limit)).await
    }

    async fn cancel(&self, request: RequestId, reason: &str) -> DriverResult<()> {
        self.call(self.driver.cancel(request, reason)).await
    }

    async fn stop(&self, build: BuildId, reason: &str) -> DriverResult<()> {
        self.call(self.driver.stop(build, reason)).await
    }

    fn events(&self) -> Box<dyn EventSource> {
        self.driver.events()
    }
}
