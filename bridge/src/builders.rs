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
    driver::{Builder, DriverError, MasterDriver},
};

/// How old a good copy may be.
const FRESH: TimeDelta = TimeDelta::minutes(1);

pub(crate) struct Builders {
    copy: Mutex<Option<Copy>>,
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
        Self { copy: Mutex::new(None), reading: tokio::sync::Mutex::new(()) }
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
        let by_name = builders.into_iter().map(|builder| (builder.name.clone(), builder)).collect();
        let copy = Copy { read: now, by_name: Arc::new(by_name) };
        *self.copy() = Some(copy.clone());
        Ok(copy)
    }

    fn copy(&self) -> MutexGuard<'_, Option<Copy>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
