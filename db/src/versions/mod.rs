//! The numbered versions of the database, and the way up and down between them.
//!
//! `db/versions/NNNN_name/` holds `up.sql`, `down.sql`, `functions/*.sql` and, where a scan is needed,
//! `online.sql`. They are compiled in, so that a program always carries the versions it was written for.

mod bookmark;
mod busy;
mod catalog;
mod defer;
mod direction;
mod error;
mod functions;
mod load;
mod online;
mod pace;
mod preflight;
mod preview;
mod readiness;
mod script;
mod session;
mod step;
mod walk;

#[cfg(test)]
mod tests;

use sqlx::PgConnection;

pub use bookmark::OnlineMigration;
pub use catalog::{Catalog, catalog};
pub use defer::OnlineMigrations;
pub use direction::Direction;
pub use error::VersionError;
pub use functions::{FunctionLifetime, functions};
#[cfg(any(test, feature = "testing"))]
pub(crate) use load::fingerprint;
pub use load::{Function, Version};
pub use preflight::BadRows;
pub use preview::{Loss, PlannedChange, PlannedVersion, losses, plan};
pub use readiness::{Readiness, readiness};
pub use walk::{downgrade, downgrade_until, upgrade, upgrade_until};

use crate::DbError;
use session::Session;

/// Where a database stands.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Status {
    /// 0: nothing of ours is there yet.
    pub current: u32,
    /// The newest version this program knows.
    pub newest: u32,
    /// The versions an upgrade would go through, as `0002_artifacts`.
    pub pending: Vec<String>,
    /// The online migration that was begun and is not done, if any; the next upgrade finishes it.
    pub online_migration: Option<OnlineMigration>,
}

/// Looks, and changes nothing.
pub async fn status(url: &str) -> Result<Status, VersionError> {
    status_of(&mut Session::open(url).await?, load::shipped()?).await
}

async fn status_of(session: &mut Session, versions: &[Version]) -> Result<Status, VersionError> {
    let current = session.current().await?;
    Ok(Status {
        current,
        newest: newest(versions),
        pending: versions.iter().filter(|version| version.number > current).map(Version::folder).collect(),
        online_migration: bookmark::unfinished(&mut session.connection, current).await?,
    })
}

/// Refuses a database that is behind what this program was written for.
pub(crate) async fn require(connection: &mut PgConnection) -> Result<(), DbError> {
    // The shipped versions are checked by a test; a broken set cannot be released.
    let needed = load::shipped().map_or(0, newest);
    let current = session::current(connection).await?;
    if current < needed { Err(DbError::Behind { current, needed }) } else { Ok(()) }
}

/// The online migration that was begun and is not done, if any.
pub(crate) async fn online_migration(connection: &mut PgConnection) -> Result<Option<OnlineMigration>, DbError> {
    let current = session::current(connection).await?;
    bookmark::unfinished(connection, current).await
}

fn newest(versions: &[Version]) -> u32 {
    versions.last().map_or(0, |version| version.number)
}
