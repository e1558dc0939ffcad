//! The scheduler database of Buildbot 0.8: `MySQL` or MariaDB, made and upgraded by the masters and not by us.
//!
//! There are no stored functions here, because the tables are another program's. Rows are written in one transaction, as the
//! masters' own schedulers write them; everything else is read only.

mod create;
mod error;
mod read;
mod rows;
#[cfg(any(test, feature = "testing"))]
mod server;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use sqlx::{
    MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};

pub use self::{
    error::ClassicError,
    rows::{ClassicBuild, ClassicCreated, ClassicOrder, ClassicRequest, ClassicShape, ClassicStamp},
};

const SCHEMES: [&str; 2] = ["mysql://", "mariadb://"];
/// A connection that nobody needs is closed after so long; the masters' server may have few.
const IDLE: Duration = Duration::from_mins(5);

/// The database that some masters share. Clones share one pool; nothing is opened before the first question.
#[derive(Clone)]
pub struct SchedulerDb {
    pool: MySqlPool,
    timeout: Duration,
}

impl SchedulerDb {
    /// `url` is like `mysql://user:password@host:3306/database`. At most `connections` are open, and each question ends
    /// within `timeout`. Must be called within a runtime.
    pub fn new(url: &str, connections: u32, timeout: Duration) -> Result<Self, ClassicError> {
        let options: MySqlConnectOptions = url.parse().map_err(|_| ClassicError::Url)?;
        let named = SCHEMES.iter().any(|scheme| url.starts_with(scheme));
        if !named || options.get_database().is_none_or(str::is_empty) {
            return Err(ClassicError::Url);
        }
        // The masters' server keeps the settings that the masters were written for.
        let options = options.pipes_as_concat(false).no_engine_substitution(false);
        let pool = MySqlPoolOptions::new()
            .max_connections(connections.max(1))
            .acquire_timeout(timeout)
            .idle_timeout(IDLE)
            .connect_lazy_with(options);
        Ok(Self { pool, timeout })
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, ClassicError> {
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done.map_err(ClassicError::from),
            Err(_) => Err(ClassicError::Away(format!("no answer within {:?}", self.timeout))),
        }
    }
}

/// The URL holds a password, so nothing of it is shown.
impl fmt::Debug for SchedulerDb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SchedulerDb").field("connections", &self.pool.size()).finish_non_exhaustive()
    }
}
