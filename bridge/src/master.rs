//! One master with all that is needed to serve it.

use std::{
    collections::{HashMap, HashSet},
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
    bridge::{BridgeRequest, BridgeState, Wanted},
};
use futures_util::{StreamExt, stream};
use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};

use tokio::sync::Semaphore;

use crate::{
    builders::Builders,
    circuit::Circuit,
    decide::AFTER_DEADLINE,
    driver::{Build, BuildId, DriverError, MasterDriver, Request, RequestId},
    endings::Endings,
    logs::LogCopier,
    meters::Meters,
    queue::{QueueClient, Standing},
    rules::Rules,
    step::{Seen, Step},
};

/// Steps of one group of requests that are made at the same time. The driver brakes what of it goes to the master.
const STEPS: usize = 16;
/// A request that could not go on is not looked at sooner.
const SOONEST: TimeDelta = TimeDelta::seconds(1);
/// From so many requests on it is cheaper to ask for all running builds than for those of each.
const MANY: usize = 4;

pub(crate) struct Master {
    pub(crate) rules: Rules,
    pub(crate) driver: Arc<Circuit>,
    pub(crate) logs: Arc<dyn LogCopier>,
    pub(crate) queue: QueueClient,
    pub(crate) artifacts: Artifacts,
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Rng,
    pub(crate) builders: Builders,
    pub(crate) meters: Meters,
    pub(crate) endings: Endings,
    /// Turns of those who have a build made. A master takes long over that, and whoever looks at builds must not wait
    /// behind hundreds of wishes, nor must they be told from a master that hangs.
    pub(crate) creating: Semaphore,
    /// Events of the master arrive.
    pub(crate) events: AtomicBool,
    /// Builds whose logs are shown while they run.
    pub(crate) shown: Mutex<HashSet<i64>>,
}

impl Master {
    pub(crate) fn name(&self) -> &str {
        self.rules.name()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// True if people have to be told something else of those that wait.
    pub(crate) async fn read_builders(&self) -> bool {
        match self.builders.refresh(&self.driver, &*self.clock).await {
            Ok((builders, changed)) => {
                let hanging = builders.iter().map(|builder| builder.hanging.len()).sum();
                self.meters.hanging(self.name(), hanging);
                if changed && hanging > 0 {
                    let builders = builders.iter().filter(|it| !it.hanging.is_empty());
                    let builders: Vec<&str> = builders.map(|it| it.name.as_str()).collect();
                    let (master, builders) = (self.name(), builders.join(", "));
                    tracing::error!(master, hanging, builders, "builds never began, and block workers of the master");
                }
                changed
            }
            Err(error) => {
                tracing::debug!(master = self.name(), %error, "the builders could not be read");
                false
            }
        }
    }

    /// When an open request of which nothing is heard is looked at again.
    pub(crate) fn next_sweep(&self) -> Timestamp {
        let settings = &self.rules.settings;
        let heard = self.events.load(Ordering::Relaxed);
        let every = if heard { settings.sweep } else { settings.sweep_without_events };
        self.now() + TimeDelta::from_std(self.rng.jitter(every.duration())).unwrap_or(TimeDelta::MAX)
    }

    /// The master was away for longer than claims are kept alive for it.
    pub(crate) fn is_given_up(&self) -> bool {
        let grace = self.rules.settings.master_down_grace.delta();
        self.driver.away_since().is_some_and(|since| self.now() - since > grace)
    }

    /// Open requests that it is time to look at.
    pub(crate) async fn due(&self, busy: &[i64], limit: i32) -> Result<Vec<BridgeRequest>, DbError> {
        self.db.bridge_due(self.name(), busy, limit, self.now()).await
    }

    /// Looks at these requests and makes the steps that are to be made. `done` is told each one that is through. It may be
    /// given up at any point: what is half done is found again and finished.
    pub(crate) async fn work(&self, rows: Vec<BridgeRequest>, done: impl Fn(i64)) {
        let started = tokio::time::Instant::now();
        let (standings, seen) = tokio::join!(self.stand(&rows), self.see_if_in(&rows));
        let (mut quiet, mut steps) = (Vec::new(), Vec::new());
        for mut row in rows {
            let standing = standings.get(&row.id).copied();
            match &seen {
                Some(seen) if standing.is_none_or(is_calm) && self.is_quiet(&row, seen) => {
                    row.next_check = self.due_again(&row, self.next_sweep());
                    quiet.push(row);
                }
                _ => {
                    let seen = seen.as_ref().map_or(Seen::Nothing, |seen| seen.of(&row));
                    steps.push(Step::new(self, row, seen, standing));
                }
            }
        }
        if let Err(error) = self.db.bridge_looked(&quiet, self.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a look at unchanged builds was not noted");
        }
        for row in &quiet {
            done(row.id);
        }
        let made = stream::iter(steps).for_each_concurrent(STEPS, |step| async {
            let id = step.id();
            step.run().await;
            done(id);
        });
        made.await;
        self.meters.looked(self.name(), started.elapsed());
    }

    /// What people are told of a waiting request is not so any more.
    fn has_news(&self, row: &BridgeRequest) -> bool {
        row.builder.as_ref().is_some_and(|builder| self.builders.is_news(builder, self.now()))
    }

    /// When a request has to be looked at whatever happens: its claim and its deadline do not wait.
    pub(crate) fn due_again(&self, row: &BridgeRequest, until: Timestamp) -> Timestamp {
        if row.wanted == Wanted::Cancel {
            return until.max(self.now() + SOONEST);
        }
        let deadline = row.deadline + AFTER_DEADLINE;
        let soonest = [row.reclaim_at, Some(deadline)].into_iter().flatten().fold(until, Ord::min);
        soonest.max(self.now() + SOONEST)
    }

    /// How the runs stand that wait for a build, by row, so that it does no harm when a word of the queue is lost. Nothing
    /// is said of what the queue did not answer about.
    async fn stand(&self, rows: &[BridgeRequest]) -> HashMap<i64, Standing> {
        let waiting = |row: &&BridgeRequest| {
            row.wanted == Wanted::Run && matches!(row.state, BridgeState::Created | BridgeState::Running)
        };
        let waiting: Vec<&BridgeRequest> = rows.iter().filter(waiting).collect();
        if waiting.is_empty() {
            return HashMap::new();
        }
        let runs: Vec<(TaskId, RunId)> = waiting.iter().map(|row| (row.task_id(), row.run_id)).collect();
        match self.queue.standings(&runs).await {
            Ok(standings) => waiting.iter().map(|row| row.id).zip(standings).collect(),
            Err(error) => {
                tracing::debug!(%error, "how the tasks of builds stand could not be read");
                HashMap::new()
            }
        }
    }

    async fn see_if_in(&self, rows: &[BridgeRequest]) -> Option<Overview> {
        if self.driver.is_out() {
            return None;
        }
        let seen = self.see(rows).await;
        seen.inspect_err(|error| tracing::debug!(master = self.name(), %error, "the master could not be looked at"))
            .ok()
    }

    /// Reads what the master has of all these, with as few questions as possible.
    async fn see(&self, rows: &[BridgeRequest]) -> Result<Overview, DriverError> {
        let ids: Vec<RequestId> = rows.iter().filter(|row| is_at_master(row)).filter_map(number).collect();
        let mut overview = Overview::default();
        if ids.is_empty() {
            return Ok(overview);
        }
        for request in self.driver.requests(&ids).await? {
            overview.requests.insert(request.id, request);
        }
        let missing = ids.iter().filter(|id| !overview.requests.contains_key(id)).max();
        let newest = if missing.is_some() { self.driver.newest_request().await? } else { None };
        let vanished = missing.is_some_and(|missing| newest.is_none_or(|newest| newest < *missing));
        let other = rows.iter().find(|row| overview.is_other(row));
        if let Some(row) = other.or(rows.iter().find(|row| vanished && is_at_master(row) && !row.lost)) {
            self.begin_epoch(row.epoch).await;
        }
        if rows.len() >= MANY {
            let running = self.driver.running_builds().await?;
            overview.running = running.map(|builds| builds.into_iter().map(|build| (build.request, build)).collect());
        }
        Ok(overview)
    }

    async fn begin_epoch(&self, epoch: i64) {
        let master = self.name();
        tracing::error!(master, epoch, "the numbers of the master began anew: its open requests are lost");
        if let Err(error) = self.db.bridge_new_epoch(master, epoch, self.now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a new epoch was not noted");
        }
    }

    /// After a restart the logs of builds that run are to be shown again.
    pub(crate) fn is_shown(&self, build: Option<i64>) -> bool {
        build.is_some_and(|build| self.shown().contains(&build))
    }

    pub(crate) fn shown(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing about this request can have changed.
    fn is_quiet(&self, row: &BridgeRequest, seen: &Overview) -> bool {
        let now = self.now();
        if row.wanted == Wanted::Cancel
            || row.lost
            || row.reclaim_at.is_some_and(|at| at <= now)
            || row.deadline + AFTER_DEADLINE <= now
        {
            return false;
        }
        let Some(request) = number(row).and_then(|id| seen.requests.get(&id)) else { return false };
        if seen.is_other(row) || request.result.is_some() || row.submitted.is_none() {
            return false;
        }
        let Some(running) = &seen.running else { return false };
        let build = running.get(&request.id).map(|build| build.id);
        match row.state {
            BridgeState::Created => build.is_none() && !request.claimed && !self.has_news(row),
            BridgeState::Running => {
                build.is_some() && build == row.build_id.map(BuildId) && self.is_shown(row.build_id)
            }
            _ => false,
        }
    }
}

/// The run stands as our row says, or as it will once a build has begun.
const fn is_calm(standing: Standing) -> bool {
    matches!(standing, Standing::Pending | Standing::Ours(_))
}

/// What the master has of many requests.
#[derive(Default)]
struct Overview {
    requests: HashMap<RequestId, Request>,
    /// `None`: not asked, or the master cannot tell.
    running: Option<HashMap<RequestId, Build>>,
}

impl Overview {
    fn of(&self, row: &BridgeRequest) -> Seen {
        match number(row).filter(|_| is_at_master(row)) {
            None => Seen::Nothing,
            Some(_) if row.lost || self.is_other(row) => Seen::Lost,
            Some(id) => self.requests.get(&id).map_or(Seen::Lost, |request| Seen::Request(request.clone())),
        }
    }

    /// The number leads to a request that is not the one we made.
    fn is_other(&self, row: &BridgeRequest) -> bool {
        let Some(request) = number(row).and_then(|id| self.requests.get(&id)) else { return false };
        row.buildset_id != Some(request.buildset.0) || row.submitted.is_some_and(|time| time != request.submitted)
    }
}

fn number(row: &BridgeRequest) -> Option<RequestId> {
    row.request_id.map(RequestId)
}

/// What it does next depends on what the master has.
fn is_at_master(row: &BridgeRequest) -> bool {
    let decided = row.state == BridgeState::Finished && row.wanted == Wanted::Run;
    row.request_id.is_some() && !row.lost && !decided
}
