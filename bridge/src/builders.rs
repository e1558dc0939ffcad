//! The master's builders, as it told them last.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::Clock;
use chrono::TimeDelta;
use protocol::time::Timestamp;

use crate::{
    circuit::Circuit,
    driver::{Builder, DriverError, Holds, MasterDriver},
};

/// How old a good copy may be.
const FRESH: TimeDelta = TimeDelta::minutes(1);
/// By then every request that waits was looked at.
const NEWS: TimeDelta = TimeDelta::minutes(2);

/// Why a request of a builder waits, as far as the list of builders tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    /// The master does not have the builder, or has it no more in use.
    Gone,
    /// No worker of it is connected.
    NoWorker,
    Held(Holds),
    /// For its turn, or the master does not tell.
    Turn,
}

pub(crate) struct Builders {
    copy: Mutex<Option<Copy>>,
    /// Builders with something else than at the list before, and since when.
    changed: Mutex<HashMap<String, Timestamp>>,
    /// Held while the list is read, so that many who miss it read it once.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Copy {
    read: Timestamp,
    by_name: Arc<HashMap<String, Builder>>,
}

impl Builders {
    pub(crate) fn new() -> Self {
        Self { copy: Mutex::new(None), changed: Mutex::default(), reading: tokio::sync::Mutex::new(()) }
    }

    /// `None`: no list was read yet.
    pub(crate) fn waits(&self, name: &str) -> Option<Waits> {
        self.copy().as_ref().map(|copy| waits(&copy.by_name, name))
    }

    /// Builds of a builder that were made and never began.
    pub(crate) fn hanging(&self, name: &str) -> Vec<i64> {
        let copy = self.copy();
        copy.as_ref().and_then(|copy| copy.by_name.get(name)).map(|it| it.hanging.clone()).unwrap_or_default()
    }

    /// Something that people are told about waiting requests has changed just now.
    pub(crate) fn is_news(&self, name: &str, now: Timestamp) -> bool {
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.get(name).is_some_and(|at| now - *at < NEWS)
    }

    /// Reads the list anew. Answers what is there, and whether anything has changed that people are told about.
    pub(crate) async fn refresh(
        &self,
        master: &Circuit,
        clock: &dyn Clock,
    ) -> Result<(Vec<Builder>, bool), DriverError> {
        let _alone = self.reading.lock().await;
        let now = clock.now();
        let builders = master.builders().await?;
        let changed = self.keep(builders.clone(), now);
        Ok((builders, changed))
    }

    fn keep(&self, builders: Vec<Builder>, now: Timestamp) -> bool {
        let by_name: HashMap<String, Builder> =
            builders.into_iter().map(|builder| (builder.name.clone(), builder)).collect();
        let by_name = Arc::new(by_name);
        let before = self.copy().replace(Copy { read: now, by_name: by_name.clone() });
        let Some(before) = before else { return false };
        let told = |list: &HashMap<String, Builder>, name: &str| {
            (waits(list, name), list.get(name).map(|it| it.hanging.clone()).unwrap_or_default())
        };
        let names = before.by_name.keys().chain(by_name.keys());
        let changed: Vec<&String> = names.filter(|name| told(&before.by_name, name) != told(&by_name, name)).collect();
        let mut news = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        news.retain(|_, at| now - *at < NEWS);
        news.extend(changed.iter().map(|name| ((*name).clone(), now)));
        !changed.is_empty()
    }

    /// A builder as the master has it. `None` only by a list that is younger than `since`: a builder may have been
    /// added just before the task that wants it. An older copy is good enough for what it does know.
    pub(crate) async fn find(
        &self,
        master: &Circuit,
        clock: &dyn Clock,
        name: &str,
        since: Timestamp,
    ) -> Result<Option<Builder>, DriverError> {
        let known = |copy: &Copy| copy.by_name.get(name).cloned();
        let fresh = |copy: &Copy| clock.now() - copy.read < FRESH;
        if let Some(builder) = self.copy().as_ref().filter(|copy| fresh(copy)).and_then(known) {
            return Ok(Some(builder));
        }
        match self.read(master, clock, since).await {
            Ok(copy) => Ok(known(&copy)),
            Err(error) => self.copy().as_ref().and_then(known).map(Some).ok_or(error),
        }
    }

    async fn read(&self, master: &Circuit, clock: &dyn Clock, since: Timestamp) -> Result<Copy, DriverError> {
        let _alone = self.reading.lock().await;
        let now = clock.now();
        if let Some(copy) = self.copy().as_ref().filter(|copy| copy.read >= since && now - copy.read < FRESH) {
            return Ok(copy.clone());
        }
        let builders = master.builders().await?;
        let by_name = builders.iter().map(|builder| (builder.name.clone(), builder.clone())).collect();
        self.keep(builders, now);
        Ok(Copy { read: now, by_name: Arc::new(by_name) })
    }

    fn copy(&self) -> MutexGuard<'_, Option<Copy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn waits(list: &HashMap<String, Builder>, name: &str) -> Waits {
    match list.get(name) {
        None => Waits::Gone,
        Some(builder) if !builder.active => Waits::Gone,
        Some(builder) if builder.workers == Some(0) => Waits::NoWorker,
        Some(builder) => builder.holds.map_or(Waits::Turn, Waits::Held),
    }
}
