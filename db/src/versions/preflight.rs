//! Rows that a version could not deal with are found before anything is changed, not in the middle of its scripts.
//!
//! `preflight.sql` of a version is one query, `select problem text, rows bigint`, which finds nothing in a sound database.

use std::fmt;

use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::VersionError;
use super::load::Version;
use super::session::Session;
use crate::DbError;

/// Rows that stand in the way of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct BadRows {
    pub problem: String,
    pub rows: i64,
}

impl fmt::Display for BadRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} rows)", self.problem, self.rows)
    }
}

/// All versions on the way are asked before the first is begun.
pub(super) async fn check_all(session: &mut Session, versions: &[Version], to: u32) -> Result<(), VersionError> {
    let current = session.current().await?;
    for version in versions.iter().filter(|version| version.number > current && version.number <= to) {
        let rows = bad_rows(session, version).await?;
        if !rows.is_empty() {
            return Err(VersionError::BadRows { version: version.folder(), rows });
        }
    }
    Ok(())
}

/// As far as can be known before the versions before it were applied.
pub(super) async fn bad_rows(session: &mut Session, version: &Version) -> Result<Vec<BadRows>, VersionError> {
    let mut transaction = session.connection.begin().await?;
    let rows = match ask(&mut transaction, version).await {
        // It asks for what a version before it creates; its own step asks again.
        Err(error) if is_of_a_later_version(&error) => Vec::new(),
        rows => rows?,
    };
    transaction.rollback().await?;
    Ok(rows)
}

/// Part of the transaction of the version's step.
pub(super) async fn check(transaction: &mut PgConnection, version: &Version) -> Result<(), VersionError> {
    let rows = ask(transaction, version).await?;
    if rows.is_empty() { Ok(()) } else { Err(VersionError::BadRows { version: version.folder(), rows }) }
}

async fn ask(connection: &mut PgConnection, version: &Version) -> Result<Vec<BadRows>, VersionError> {
    let Some(sql) = &version.preflight else { return Ok(Vec::new()) };
    let step = format!("{}/preflight.sql", version.folder());
    let rows: Result<Vec<BadRows>, _> = sqlx::query_as(AssertSqlSafe(sql.clone())).fetch_all(connection).await;
    let rows = rows.map_err(|error| VersionError::Step { step, source: error.into() })?;
    Ok(rows.into_iter().filter(|rows| rows.rows > 0).collect())
}

fn is_of_a_later_version(error: &VersionError) -> bool {
    matches!(error, VersionError::Step { source, .. } if is_undefined(source))
}

/// No such table, column or function.
fn is_undefined(error: &DbError) -> bool {
    matches!(error.code(), Some("42P01" | "42703" | "42883"))
}
