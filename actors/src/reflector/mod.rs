//! The reflector: resolves runs whose claim or deadline has expired, deletes expired rows, and repairs what is inconsistent.
//!
//! Each sweep reads the tables only, skips rows that another process has locked, and is one transaction: any number
//! of reflectors may run at once.
//!
//! Owns: nothing in memory.
//! Woken by: a timer; the time is the clock's.
//! Emits: `task-exception` and what follows from it, through the outbox.

mod repairs;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{DbError, queue::Swept};

use repairs::Repairs;

use crate::{
    index::Index,
    kit::{Child, Next, Notifications, Periodic, Schedule},
    queue::QueueSettings,
};

/// Rows in one transaction.
const ROWS: i32 = 500;
/// In whose name clients are removed.
const EXPIRER: &str = "static/taskcluster/auth";
/// Rows are kept this much longer than they must be.
const EXPIRY_GRACE: TimeDelta = TimeDelta::minutes(30);
/// How long errors of worker pools are kept.
const POOL_ERRORS_KEPT: TimeDelta = TimeDelta::days(7);
/// How long deliveries of GitHub are kept, for whoever looks what became of one; and builds.
const DELIVERIES_KEPT: TimeDelta = TimeDelta::days(30);
const BUILDS_KEPT: TimeDelta = TimeDelta::days(365);
const EXPIRE_EVERY: Duration = Duration::from_mins(1);
const REPAIR_EVERY: Duration = Duration::from_mins(5);

/// What a sweep needs.
#[derive(Clone)]
pub struct Reflector {
    pub db: db::Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub settings: QueueSettings,
    pub notifications: Notifications,
    pub index: Index,
    repairs: Repairs,
}

/// One kind of sweep, an actor each, so that a slow one does not hold up the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    Claims,
    Deadlines,
    Rows,
    Repairs,
}

impl Reflector {
    pub fn new(
        db: db::Db,
        clock: Arc<dyn Clock>,
        rng: Rng,
        settings: QueueSettings,
        notifications: Notifications,
        index: Index,
    ) -> Self {
        Self { db, clock, rng, settings, notifications, index, repairs: Repairs::default() }
    }

    /// The actors to supervise.
    pub fn parts(&self) -> Vec<Child> {
        [Sweep::Claims, Sweep::Deadlines, Sweep::Rows, Sweep::Repairs].map(|sweep| self.part(sweep)).into()
    }

    fn part(&self, sweep: Sweep) -> Child {
        let reflector = self.clone();
        let schedule = Schedule::every(sweep.interval(&self.settings), self.rng.branch(sweep.name()));
        schedule.child(sweep.name(), move |_| Sweeper { reflector: reflector.clone(), sweep }).0
    }

    /// One transaction of a sweep.
    async fn run(&self, sweep: Sweep) -> Result<Next, DbError> {
        let now = self.clock.now();
        match sweep {
            Sweep::Claims => self.db.expire_claims(ROWS, now).await.map(|swept| self.resolved(&swept)),
            Sweep::Deadlines => {
                let deadline = now - self.settings.deadline_delay.delta();
                self.db.expire_deadlines(deadline, ROWS, now).await.map(|swept| self.resolved(&swept))
            }
            Sweep::Rows => {
                let clients = self.db.expire_auth(EXPIRER, ROWS, now).await?;
                let rows = self.db.expire_rows(now - EXPIRY_GRACE, ROWS, now).await?;
                let services = self.db.expire_services(ROWS, now).await?;
                let fires = self.db.expire_hook_fires(ROWS, now).await?;
                let pushes = self.db.expire_push_tasks(now - EXPIRY_GRACE, ROWS).await?;
                let undelivered = self.db.notify_give_up(ROWS, now).await?;
                let notifications = self.db.expire_notifications(ROWS, now).await?.max(undelivered);
                let pools = self.db.expire_worker_manager(now - POOL_ERRORS_KEPT, ROWS, now).await?;
                let builds = self.db.expire_github(now - DELIVERIES_KEPT, now - BUILDS_KEPT, ROWS).await?;
                let most = [clients, rows, services, fires, pushes, notifications, pools, builds].into_iter().max();
                Ok(next(most.unwrap_or(0)))
            }
            Sweep::Repairs => Ok(if self.repair(now).await? { Next::AGAIN } else { Next::IDLE }),
        }
    }

    fn resolved(&self, swept: &Swept) -> Next {
        if swept.ended > 0 {
            tracing::info!(runs = swept.ended, "expired runs resolved");
            self.notifications.tasks_resolved(&swept.newly_pending);
        }
        next(i32::try_from(swept.ended).unwrap_or(ROWS))
    }
}

impl Sweep {
    const fn name(self) -> &'static str {
        match self {
            Self::Claims => "reflector/claims",
            Self::Deadlines => "reflector/deadlines",
            Self::Rows => "reflector/rows",
            Self::Repairs => "reflector/repairs",
        }
    }

    const fn interval(self, settings: &QueueSettings) -> Duration {
        match self {
            Self::Claims | Self::Deadlines => settings.sweep_interval.duration(),
            Self::Rows => EXPIRE_EVERY,
            Self::Repairs => REPAIR_EVERY,
        }
    }
}

struct Sweeper {
    reflector: Reflector,
    sweep: Sweep,
}

impl Periodic for Sweeper {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        self.reflector.run(self.sweep).await
    }
}

/// What follows a transaction that changed this many rows, at most `ROWS`.
fn next(rows: i32) -> Next {
    match rows {
        0 => Next::IDLE,
        ROWS => Next::AGAIN,
        _ => Next::DONE,
    }
}
