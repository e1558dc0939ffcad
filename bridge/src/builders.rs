//! A cached list of the master's builders.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::Clock;
use chrono::TimeDelta;
use protocol::time::Timestamp;

use crate::{
    circuit_breaker::CircuitBreaker,
    driver::{Builder, DriverError, Holds, MasterDriver},
};

/// How old the cached list may be.
const MAX_AGE: TimeDelta = TimeDelta::minutes(1);
/// How long a change counts as recent: within this time every waiting request is checked.
const RECENT: TimeDelta = TimeDelta::minutes(2);

/// Why a request of a builder waits, as far as the list of builders shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitReason {
    /// The master does not have the builder, or does not use it any more.
    Removed,
    NoWorker,
    Held(Holds),
    /// For its turn, or the master does not say why.
    Queued,
}

pub(crate) struct Builders {
    cached: Mutex<Option<Cached>>,
    /// Builders that changed from one list to the next, and when.
    changed: Mutex<HashMap<String, Timestamp>>,
    /// Held while the list is read, so that concurrent callers read it once. Locked before `cached`.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Cached {
    read: Timestamp,
    by_name: Arc<HashMap<String, Builder>>,
}

impl Builders {
    pub(crate) fn new() -> Self {
        Self { cached: Mutex::new(None), changed: Mutex::default(), reading: tokio::sync::Mutex::new(()) }
    }

    /// `None`: no list was read yet.
    pub(crate) fn wait_reason(&self, name: &str) -> Option<WaitReason> {
        self.cached().as_ref().map(|cached| wait_reason(&cached.by_name, name))
    }

    /// Builds of a builder that were created and never began.
    pub(crate) fn hanging(&self, name: &str) -> Vec<i64> {
        let cached = self.cached();
        cached.as_ref().and_then(|cached| cached.by_name.get(name)).map(|it| it.hanging.clone()).unwrap_or_default()
    }

    /// What the notes of waiting requests say about the builder has changed just now.
    pub(crate) fn changed_recently(&self, name: &str, now: Timestamp) -> bool {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.get(name).is_some_and(|at| now - *at < RECENT)
    }

    /// Reads the list anew. Also returns whether anything has changed that the notes of waiting requests say.
    pub(crate) async fn refresh(
        &self,
        master: &CircuitBreaker,
        clock: &dyn Clock,
    ) -> Result<(Vec<Builder>, bool), DriverError> {
        let _reading = self.reading.lock().await;
        let now = clock.now();
        let builders = master.builders().await?;
        let changed = self.store(builders.clone(), now);
        Ok((builders, changed))
    }

    fn store(&self, builders: Vec<Builder>, now: Timestamp) -> bool {
        let by_name: HashMap<String, Builder> =
            builders.into_iter().map(|builder| (builder.name.clone(), builder)).collect();
        let by_name = Arc::new(by_name);
        let before = self.cached().replace(Cached { read: now, by_name: by_name.clone() });
        let Some(before) = before else { return false };
        let noted = |list: &HashMap<String, Builder>, name: &str| {
            (wait_reason(list, name), list.get(name).map(|it| it.hanging.clone()).unwrap_or_default())
        };
        let names = before.by_name.keys().chain(by_name.keys());
        let changed: Vec<&String> =
            names.filter(|name| noted(&before.by_name, name) != noted(&by_name, name)).collect();
        let mut recent = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, at| now - *at < RECENT);
        recent.extend(changed.iter().map(|name| ((*name).clone(), now)));
        !changed.is_empty()
    }

    /// A builder of the master. `None` only by a list that was read after `since`: a builder may have been
    /// added just before the task that uses it. For a builder that it has, an older list will do.
    pub(crate) async fn find(
        &self,
        master: &CircuitBreaker,
        clock: &dyn Clock,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<Builder>, DriverError> {
        let known = |cached: &Cached| cached.by_name.get(name).cloned();
        let is_fresh = |cached: &Cached| clock.now() - cached.read < MAX_AGE;
        if let Some(builder) = self.cached().as_ref().filter(|cached| is_fresh(cached)).and_then(known) {
            return Ok(Some(builder));
        }
        match self.read(master, clock, since).await {
            Ok(cached) => Ok(known(&cached)),
            Err(error) => self.cached().as_ref().and_then(known).map(Some).ok_or(error),
        }
    }

    async fn read(&self, master: &CircuitBreaker, clock: &dyn Clock, since: Timestamp) -> Result<Cached, DriverError> {
        let _reading = self.reading.lock().await;
        let now = clock.now();
        if let Some(cached) = self.cached().as_ref().filter(|it| it.read >= since && now - it.read < MAX_AGE) {
            return Ok(cached.clone());
        }
        let builders = master.builders().await?;
        let by_name = builders.iter().map(|builder| (builder.name.clone(), builder.clone())).collect();
        self.store(builders, now);
        Ok(Cached { read: now, by_name: Arc::new(by_name) })
    }

    fn cached(&self) -> MutexGuard<'_, Option<Cached>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait_reason(list: &HashMap<String, Builder>, name: &str) -> WaitReason {
    match list.get(name) {
        None => WaitReason::Removed,
        Some(builder) if !builder.active => WaitReason::Removed,
        Some(builder) if builder.workers == Some(0) => WaitReason::NoWorker,
        Some(builder) => builder.holds.map_or(WaitReason::Queued, WaitReason::Held),
    }
}
