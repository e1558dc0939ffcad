//! One master, with everything that is needed to serve it.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use actors::artifacts::Artifacts;
use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{
    Db, DbError,
    bridge::{BridgeRequest, Intent},
};
use protocol::time::Timestamp;
use tokio::sync::Semaphore;

use crate::{
    builders::Builders, circuit_breaker::CircuitBreaker, decide::AFTER_DEADLINE, finish_times::FinishTimes,
    logs::LogCopier, metrics::Metrics, queue_client::QueueClient, rules::Rules,
};

/// A request is not checked again sooner than this.
const MIN_INTERVAL: TimeDelta = TimeDelta::seconds(1);

pub(crate) struct Master {
    pub(crate) rules: Rules,
    pub(crate) driver: Arc<CircuitBreaker>,
    pub(crate) logs: Arc<dyn LogCopier>,
    pub(crate) queue: QueueClient,
    pub(crate) artifacts: Artifacts,
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Rng,
    pub(crate) builders: Builders,
    pub(crate) metrics: Metrics,
    pub(crate) finish_times: FinishTimes,
    /// Permits for creates. A master is slow to create a build, so creates get only some of the calls that may be in flight: checks of
    /// running builds must not wait behind hundreds of creates until they look like those of a master that hangs.
    pub(crate) create_permits: Semaphore,
    /// The event source is connected.
    pub(crate) receives_events: AtomicBool,
    /// Running builds whose logs are followed.
    pub(crate) followed: Mutex<HashSet<i64>>,
}

impl Master {
    pub(crate) fn name(&self) -> &str {
        self.rules.name()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads the list of builders. True if the notes of waiting requests have to be written anew.
    pub(crate) async fn read_builders(&self) -> bool {
        match self.builders.refresh(&self.driver, &*self.clock).await {
            Ok((builders, changed)) => {
                let hanging = builders.iter().map(|builder| builder.hanging.len()).sum();
                self.metrics.record_hanging(self.name(), hanging);
                if changed && hanging > 0 {
                    let builders = builders.iter().filter(|it| !it.hanging.is_empty());
                    let builders: Vec<&str> = builders.map(|it| it.name.as_str()).collect();
                    let (master, builders) = (self.name(), builders.join(", "));
                    tracing::error!(master, hanging, builders, "builds that never began block workers of the master");
                }
                changed
            }
            Err(error) => {
                tracing::debug!(master = self.name(), %error, "cannot read the builders of the master");
                false
            }
        }
    }

    /// When an open request is checked again without an event about it.
    pub(crate) fn next_check(&self) -> Timestamp {
        let settings = &self.rules.settings;
        let receives_events = self.receives_events.load(Ordering::Relaxed);
        let interval = if receives_events { settings.check_interval } else { settings.check_interval_without_events };
        self.now() + TimeDelta::from_std(self.rng.jitter(interval.duration())).unwrap_or(TimeDelta::MAX)
    }

    /// The master has not answered for longer than claims are renewed for it.
    pub(crate) fn exceeds_down_grace(&self) -> bool {
        let grace = self.rules.settings.master_down_grace.delta();
        self.driver.unavailable_since().is_some_and(|since| self.now() - since > grace)
    }

    /// Open requests whose next check is due.
    pub(crate) async fn due(&self, in_flight: &[i64], limit: i32) -> Result<Vec<BridgeRequest>, DbError> {
        self.db.bridge_due(self.name(), in_flight, limit, self.now()).await
    }

    /// The next check at `time`, or earlier where the claim has to be renewed or the deadline passes before.
    pub(crate) fn earliest_check(&self, row: &BridgeRequest, time: Timestamp) -> Timestamp {
        let earliest = if row.intent == Intent::Cancel {
            time
        } else {
            let deadline = row.deadline + AFTER_DEADLINE;
            [row.reclaim_at, Some(deadline)].into_iter().flatten().fold(time, Ord::min)
        };
        earliest.max(self.now() + MIN_INTERVAL)
    }

    /// False after a restart, so that the logs of running builds are followed again.
    pub(crate) fn is_followed(&self, build: Option<i64>) -> bool {
        build.is_some_and(|build| self.followed().contains(&build))
    }

    pub(crate) fn followed(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
