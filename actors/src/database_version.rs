//! Looks whether the database still is at the version that this program needs, and logs when that changes; measures the
//! progress of an online migration.
//!
//! Owns: nothing. Woken by: a timer. Emits: log lines, gauges. Whether the process is ready is answered on its own to those who
//! ask (`/__heartbeat__`); it goes on, and is ready again once the database was upgraded.

use std::time::Duration;

use base::Rng;
use base::telemetry::Gauge;
use db::{Db, DbError};

use crate::kit::{Child, Next, Periodic, Schedule};

const INTERVAL: Duration = Duration::from_secs(2);
/// The progress of an online migration is measured once in so many checks.
const CHECKS_PER_MEASUREMENT: u32 = 15;

/// The actor, to be supervised in every process.
pub fn part(db: Db, rng: Rng) -> Child {
    let make = move |_: &_| VersionCheck::new(db.clone());
    Schedule::every(INTERVAL, rng).child("database-version", make).0
}

struct VersionCheck {
    db: Db,
    behind: bool,
    checks: u32,
    changed: Gauge,
    remaining: Gauge,
}

impl VersionCheck {
    fn new(db: Db) -> Self {
        let gauge = |name, about| Gauge::new("database-version", name, "{row}", about);
        Self {
            db,
            behind: false,
            checks: 0,
            changed: gauge("drover.online_migration.changed", "Rows that an unfinished online migration has changed."),
            remaining: gauge("drover.online_migration.remaining", "Rows that it has not changed yet, 0 without one."),
        }
    }

    async fn measure(&mut self) -> Result<(), DbError> {
        self.checks = (self.checks + 1) % CHECKS_PER_MEASUREMENT;
        if self.checks != 1 {
            return Ok(());
        }
        let unfinished = self.db.online_migration().await?;
        let rows = |rows: Option<i64>| u64::try_from(rows.unwrap_or_default()).unwrap_or_default();
        self.changed.record(rows(unfinished.as_ref().map(|it| it.changed)), &[]);
        self.remaining.record(rows(unfinished.and_then(|it| it.remaining)), &[]);
        Ok(())
    }
}

impl Periodic for VersionCheck {
    type Error = DbError;

    /// A database that does not answer says nothing about its version; others log that.
    async fn run(&mut self) -> Result<Next, DbError> {
        match self.db.check_version().await {
            Err(error) if error.is_behind() && !self.behind => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "not ready: the database is below the version that this program needs");
                self.behind = true;
            }
            Ok(()) if self.behind => {
                tracing::info!("ready again: the database is at the version that this program needs");
                self.behind = false;
            }
            Ok(()) | Err(_) => {}
        }
        self.measure().await?;
        Ok(Next::IDLE)
    }
}
