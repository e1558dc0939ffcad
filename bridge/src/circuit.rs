//! A master that hangs, fails or talks nonsense is left alone for a while, so that it costs nobody else anything.

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
    Answer, Build, BuildId, Builder, Checked, Created, DriverError, EventSource, Lines, LogId, MasterDriver,
    NewRequest, Properties, Request, RequestId, Step,
};

/// Failures in a row after which the master is left alone.
const FAILURES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A driver ends its calls itself, but further ones wait inside for their turn; this ends those of one that does not.
const TURNS: u32 = 4;

/// A driver behind a fuse. While the fuse is out every call fails at once; only [`Circuit::probe`] gets through.
pub(crate) struct Circuit {
    driver: Arc<dyn MasterDriver>,
    clock: Arc<dyn Clock>,
    limit: Duration,
    fuse: Mutex<Fuse>,
}

struct Fuse {
    health: Health,
    failures: u32,
    backoff: Backoff,
    /// When the master last answered as it should.
    last_ok: Option<Timestamp>,
    /// When the next probe is due; `None` while the fuse is in.
    probe_at: Option<Timestamp>,
}

/// How the master fares, as far as its answers tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) state: MasterState,
    pub(crate) error: Option<String>,
}

impl Circuit {
    pub(crate) fn new(driver: Arc<dyn MasterDriver>, clock: Arc<dyn Clock>, rng: Rng, timeout: Duration) -> Self {
        let health = Health { state: MasterState::Unknown, error: None };
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, rng);
        let fuse = Mutex::new(Fuse { health, failures: 0, backoff, last_ok: None, probe_at: None });
        Self { driver, clock, limit: timeout * TURNS, fuse }
    }

    pub(crate) fn health(&self) -> Health {
        self.fuse().health.clone()
    }

    /// True while the master is left alone.
    pub(crate) fn is_out(&self) -> bool {
        self.fuse().probe_at.is_some()
    }

    /// Since when the master is left alone that answered before.
    pub(crate) fn away_since(&self) -> Option<Timestamp> {
        let fuse = self.fuse();
        fuse.probe_at.and(fuse.last_ok)
    }

    /// What another process, or this one before, knew of the master.
    pub(crate) fn answered(&self, at: Timestamp) {
        let mut fuse = self.fuse();
        fuse.last_ok = fuse.last_ok.max(Some(at));
    }

    /// It is time to ask a master that is left alone whether it is back. Says so once for each time.
    pub(crate) fn take_probe(&self) -> bool {
        let now = self.clock.now();
        let mut fuse = self.fuse();
        let due = fuse.probe_at.is_some_and(|at| at <= now);
        if due {
            let pause = fuse.backoff.next_wait();
            fuse.probe_at = Some(now + delta(self.limit + pause));
        }
        due
    }

    /// Asks the master who it is, whatever the fuse says. A good answer puts the fuse in again.
    pub(crate) async fn probe(&self) -> Answer<Checked> {
        let answer = self.within(self.driver.check()).await;
        self.note(&answer, true);
        answer
    }

    async fn guarded<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        if self.is_out() {
            return Err(DriverError::Away("it is left alone after failures".to_owned()));
        }
        let answer = self.within(call).await;
        self.note(&answer, false);
        answer
    }

    async fn within<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let late = || DriverError::Away(format!("no answer within {:?}", self.limit));
        tokio::time::timeout(self.limit, call).await.unwrap_or_else(|_| Err(late()))
    }

    fn note<T>(&self, answer: &Answer<T>, probe: bool) {
        let now = self.clock.now();
        let mut fuse = self.fuse();
        match answer {
            // What was under way when the fuse went out does not put it in again.
            Err(error) if error.is_of_master() => {
                fuse.failures += 1;
                let refused = matches!(error, DriverError::Auth(_));
                if probe || refused || fuse.failures >= FAILURES {
                    let state = if refused { MasterState::Refused } else { MasterState::Down };
                    fuse.health = Health { state, error: Some(error.to_string()) };
                    let pause = fuse.backoff.next_wait();
                    fuse.probe_at = Some(now + delta(pause));
                }
            }
            _ if fuse.probe_at.is_some() && !probe => {}
            _ => {
                fuse.failures = 0;
                fuse.last_ok = Some(now);
                fuse.probe_at = None;
                fuse.backoff.reset();
                fuse.health = Health { state: MasterState::Up, error: None };
            }
        }
    }

    fn fuse(&self) -> MutexGuard<'_, Fuse> {
        self.fuse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[async_trait]
impl MasterDriver for Circuit {
    async fn check(&self) -> Answer<Checked> {
        self.guarded(self.driver.check()).await
    }

    async fn builders(&self) -> Answer<Vec<Builder>> {
        self.guarded(self.driver.builders()).await
    }

    async fn create(&self, order: &NewRequest) -> Answer<Created> {
        self.guarded(self.driver.create(order)).await
    }

    async fn lookup(&self, key: &str) -> Answer<Option<Created>> {
        self.guarded(self.driver.lookup(key)).await
    }

    async fn requests(&self, ids: &[RequestId]) -> Answer<Vec<Request>> {
        self.guarded(self.driver.requests(ids)).await
    }

    async fn newest_request(&self) -> Answer<Option<RequestId>> {
        self.guarded(self.driver.newest_request()).await
    }

    async fn builds(&self, request: RequestId) -> Answer<Vec<Build>> {
        self.guarded(self.driver.builds(request)).await
    }

    async fn running_builds(&self) -> Answer<Option<Vec<Build>>> {
        self.guarded(self.driver.running_builds()).await
    }

    async fn properties(&self, build: BuildId) -> Answer<Properties> {
        self.guarded(self.driver.properties(build)).await
    }

    async fn steps(&self, build: BuildId) -> Answer<Vec<Step>> {
        self.guarded(self.driver.steps(build)).await
    }

    async fn lines(&self, log: LogId, offset: u64, limit: u32) -> Answer<Lines> {
        self.guarded(self.driver.lines(log, offset, limit)).await
    }

    async fn cancel(&self, request: RequestId, reason: &str) -> Answer<()> {
        self.guarded(self.driver.cancel(request, reason)).await
    }

    async fn stop(&self, build: BuildId, reason: &str) -> Answer<()> {
        self.guarded(self.driver.stop(build, reason)).await
    }

    fn events(&self) -> Box<dyn EventSource> {
        self.driver.events()
    }
}
