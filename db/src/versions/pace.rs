//! How fast the batches of an online migration follow each other: everybody else in the database goes first.

use std::time::Duration;

use tokio::time::sleep;

use super::VersionError;
use super::session::Session;

/// How long a batch should take: rows stay locked for that long.
const TARGET: Duration = Duration::from_millis(500);
const LARGEST_BATCH: i32 = 100_000;
/// A standby that is further behind is let catch up. `pg_stat_replication` shows it to members of `pg_monitor` only.
const MAX_REPLICATION_LAG: f64 = 10.0;
/// With so many statements waiting for locks the next batch is small.
const MAX_LOCK_WAITS: i64 = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What the rest of the database is at.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Load {
    /// Other sessions that execute a statement.
    active: i64,
    /// Those of them that wait for a lock.
    waiting: i64,
    replication_lag: f64,
}

pub(super) struct Pace {
    /// The rows that the next batch takes.
    pub(super) size: i32,
    pause: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { size: 1, pause: FIRST_PAUSE }
    }
}

impl Pace {
    /// The next size of a batch: twice as large while it stays well below the target, half when it overran.
    pub(super) fn took(&mut self, time: Duration) {
        if time < TARGET / 2 {
            self.size = (self.size * 2).min(LARGEST_BATCH);
        } else if time > TARGET {
            self.size = (self.size / 2).max(1);
        }
    }

    /// Rows were changed, so the next pause is short again.
    pub(super) const fn progressed(&mut self) {
        self.pause = FIRST_PAUSE;
    }

    /// Waits with growing pauses, and says why.
    pub(super) async fn pause(&mut self, why: &str, progress: &mut (impl FnMut(&str) + Send)) {
        progress(&format!("{why}; trying again in {} s", self.pause.as_secs()));
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Before a batch that follows one of `time`: nothing where nobody else works, else as long again, so that others
    /// have at least half of the database to themselves; and for as long as a standby is behind.
    pub(super) async fn make_way(
        &mut self,
        session: &mut Session,
        time: Duration,
        what: &str,
        progress: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), VersionError> {
        let mut load = session.load().await?;
        if load.active > 0 {
            sleep(time).await;
        }
        if load.waiting >= MAX_LOCK_WAITS {
            self.size = (self.size / 4).max(1);
        }
        while load.replication_lag > MAX_REPLICATION_LAG {
            self.pause(&format!("{what}: a standby is {:.0} s behind", load.replication_lag), progress).await;
            load = session.load().await?;
        }
        Ok(())
    }
}

impl Session {
    async fn load(&mut self) -> Result<Load, VersionError> {
        let sql = "select count(*) filter (where state = 'active') as active,
                          count(*) filter (where state = 'active' and wait_event_type = 'Lock') as waiting,
                          coalesce((select extract(epoch from max(replay_lag)) from pg_stat_replication), 0)::float8
                            as replication_lag
                   from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
                     and backend_type = 'client backend'";
        Ok(sqlx::query_as(sql).fetch_one(&mut self.connection).await?)
    }
}
