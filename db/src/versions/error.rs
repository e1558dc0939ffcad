use super::preflight::BadRows;
use crate::DbError;

/// Why the database could not be taken to another version.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("database version file {path}: {problem}")]
    File { path: String, problem: String },
    #[error("there is no database version {wanted}; this program knows 1 to {newest}")]
    Unknown { wanted: u32, newest: u32 },
    #[error("the database is at version {current}, newer than the {newest} this program knows; use a newer program")]
    Newer { current: u32, newest: u32 },
    #[error("the database is at version {current} and an upgrade only goes up; to go to {wanted}, downgrade")]
    NotUp { current: u32, wanted: u32 },
    #[error("the database is at version {current} and a downgrade only goes down; to go to {wanted}, upgrade")]
    NotDown { current: u32, wanted: u32 },
    #[error("another upgrade is running: expected database version {expected}, found {found}")]
    AnotherRuns { expected: u32, found: u32 },
    #[error(
        "interrupted; the step under way was ended at the server and rolled back, and what was done before it stays"
    )]
    Interrupted,
    #[error(
        "the online migration of version {version} is not complete, so the database cannot go on to {to}; let `drover db upgrade` of the installed release finish it (`drover db status`)"
    )]
    OnlineUnfinished { version: u32, to: u32 },
    #[error(
        "version {version}, on the way to {to}, has an online migration, which must be complete before the next version; run `drover db upgrade {version}` first"
    )]
    OnlineBetween { version: u32, to: u32 },
    /// Nothing was changed.
    #[error("{version} cannot be applied: {}; nothing was changed, repair these rows first", list(.rows))]
    BadRows { version: String, rows: Vec<BadRows> },
    #[error("another upgrade is running and was not done after {minutes} minutes")]
    StillLocked { minutes: u64 },
    /// The step was rolled back; the database is as it was before it.
    #[error("{step} failed: {source}")]
    Step {
        step: String,
        #[source]
        source: DbError,
    },
}

impl VersionError {
    /// The step waited for a lock and gave up; nothing else is wrong with it.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self, Self::Db(error) | Self::Step { source: error, .. } if error.is_locked())
    }

    pub(super) fn file(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::File { path: path.into(), problem: problem.into() }
    }
}

impl From<sqlx::Error> for VersionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

fn list(rows: &[BadRows]) -> String {
    rows.iter().map(BadRows::to_string).collect::<Vec<_>>().join("; ")
}
