//! The scheduler: finds out which task groups have just been resolved.
//!
//! Dependents are released in the transaction that resolves a task. All that is left to do afterwards concerns a whole
//! group; resolutions leave it in the table `group_check`.
//!
//! Owns: nothing in memory.
//! Woken by: resolved tasks (a notification), a timer.
//! Emits: `task-group-resolved`, through the outbox.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use db::{Db, DbError};

use crate::kit::{Child, Next, Notifier, Periodic, Schedule};

/// Checks in one call; more make the call long, not the work less.
const CHECKS_A_CALL: i32 = 500;

/// Between two calls that found something: one serves all resolutions of a moment.
const MIN_INTERVAL: Duration = Duration::from_millis(20);

/// What the scheduler needs.
#[derive(Clone)]
pub struct Scheduler {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub interval: Duration,
    pub relay: Notifier,
}

impl Scheduler {
    /// The actor to supervise, to be notified when a task was resolved.
    pub fn part(self) -> (Child, Notifier) {
        Schedule::every(self.interval, self.rng.clone()).child("scheduler", move |_| self.clone())
    }
}

impl Periodic for Scheduler {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        let groups = self.db.check_groups(CHECKS_A_CALL, self.clock.now()).await?;
        if groups == 0 {
            return Ok(Next::IDLE);
        }
        self.relay.notify();
        Ok(Next::AGAIN.after(MIN_INTERVAL))
    }
}
