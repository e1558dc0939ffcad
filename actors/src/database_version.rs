//! Looks whether the database still is at the version that this program needs, and logs when that changes.
//!
//! Owns: nothing. Woken by: a timer. Emits: log lines. Whether the process is ready is answered on its own to those who
//! ask (`/__heartbeat__`); it goes on, and is ready again once the database was upgraded.

use std::time::Duration;

use base::Rng;
use db::{Db, DbError};

use crate::kit::{Child, Next, Periodic, Schedule};

const INTERVAL: Duration = Duration::from_secs(2);

/// The actor, to be supervised in every process.
pub fn part(db: Db, rng: Rng) -> Child {
    let make = move |_: &_| VersionCheck { db: db.clone(), behind: false };
    Schedule::every(INTERVAL, rng).child("database-version", make).0
}

struct VersionCheck {
    db: Db,
    behind: bool,
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
        Ok(Next::IDLE)
    }
}
