//! What an upgrade would do, and what a downgrade would take away. Nothing is changed here.

use std::time::Duration;

use serde::Serialize;
use sqlx::AssertSqlSafe;
use tokio::time::timeout;

use super::load::{self, Version};
use super::preflight::{self, BadRows};
use super::script::{Dropped, dropped, statements, worked_on};
use super::session::Session;
use super::{VersionError, newest};

/// A version that an upgrade would go through, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedVersion {
    pub version: String,
    pub changes: Vec<PlannedChange>,
    pub new_functions: usize,
    pub redefined_functions: usize,
    /// Rows are rewritten in batches afterwards, while everything runs.
    pub online_migration: bool,
    /// What it would be refused for, as far as can be known before the versions before it were applied.
    pub bad_rows: Vec<BadRows>,
}

/// One statement of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    pub statement: String,
    /// The table it locks for the rest of the version, and about how many rows that has.
    pub table: Option<(String, i64)>,
}

/// Data that a downgrade takes away for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    pub version: String,
    /// `table secret`, `column blob.store_id`.
    pub what: String,
    pub rows: i64,
    /// The rows were too many to be counted in a few seconds; this is what the server believes.
    pub is_estimate: bool,
}

/// Nobody wants to wait longer for an exact number.
const COUNT_WITHIN: Duration = Duration::from_secs(10);

/// The steps of an upgrade to `to`, or to the newest version.
pub async fn plan(url: &str, to: Option<u32>) -> Result<Vec<PlannedVersion>, VersionError> {
    let versions = load::shipped()?;
    let mut session = Session::open(url).await?;
    plan_of(&mut session, versions, to).await
}

/// What a downgrade to `to` would take away. Tables and columns that are empty are left out.
pub async fn losses(url: &str, to: u32) -> Result<Vec<Loss>, VersionError> {
    let versions = load::shipped()?;
    let mut session = Session::open(url).await?;
    losses_of(&mut session, versions, to).await
}

pub(super) async fn plan_of(
    session: &mut Session,
    versions: &[Version],
    to: Option<u32>,
) -> Result<Vec<PlannedVersion>, VersionError> {
    let current = session.current().await?;
    let to = to.unwrap_or_else(|| newest(versions));
    if to > newest(versions) {
        return Err(VersionError::Unknown { wanted: to, newest: newest(versions) });
    }
    let mut planned = Vec::new();
    for version in versions.iter().filter(|version| version.number > current && version.number <= to) {
        let mut changes = Vec::new();
        for statement in statements(&version.up) {
            let table = match worked_on(&statement) {
                Some(table) => session.estimated_rows(&table).await?.map(|rows| (table, rows)),
                None => None,
            };
            changes.push(PlannedChange { statement, table });
        }
        let new_functions = version.functions.iter().filter(|function| function.since == version.number).count();
        planned.push(PlannedVersion {
            version: version.folder(),
            changes,
            new_functions,
            redefined_functions: version.functions.len() - new_functions,
            online_migration: version.online.is_some(),
            bad_rows: preflight::bad_rows(session, version).await?,
        });
    }
    Ok(planned)
}

pub(super) async fn losses_of(session: &mut Session, versions: &[Version], to: u32) -> Result<Vec<Loss>, VersionError> {
    let current = session.current().await?;
    let mut losses = Vec::new();
    for version in versions.iter().rev().filter(|version| version.number <= current && version.number > to) {
        for dropped in statements(&version.down).iter().flat_map(|statement| dropped(statement)) {
            let loss = loss(session, version, &dropped).await?;
            losses.extend(loss.filter(|loss| loss.rows > 0));
        }
    }
    Ok(losses)
}

/// `None`: it is not there, as after an earlier downgrade that was done by hand.
async fn loss(session: &mut Session, version: &Version, dropped: &Dropped) -> Result<Option<Loss>, VersionError> {
    let (what, table, condition) = match dropped {
        Dropped::Table(table) => (format!("table {table}"), table, "true".to_owned()),
        Dropped::Column { table, column } => {
            (format!("column {table}.{column}"), table, format!("{column} is not null"))
        }
        Dropped::Rows { table, condition } => (format!("rows of {table} where {condition}"), table, condition.clone()),
    };
    let Some(estimate) = session.estimated_rows(table).await? else { return Ok(None) };
    let counted = timeout(COUNT_WITHIN, session.count(table, &condition)).await;
    let (rows, is_estimate) = if let Ok(rows) = counted {
        (rows?, false)
    } else {
        session.reopen().await?;
        (estimate.max(1), true)
    };
    Ok(Some(Loss { version: version.folder(), what, rows, is_estimate }))
}

impl Session {
    /// About how many rows the server believes a table of ours to have; `None` where there is no such table.
    async fn estimated_rows(&mut self, table: &str) -> Result<Option<i64>, VersionError> {
        let query = sqlx::query_scalar(
            "select sum(greatest(c.reltuples, 0))::bigint
             from pg_partition_tree(to_regclass($1)) t join pg_class c on c.oid = t.relid",
        );
        let rows: Option<i64> = query.bind(table).fetch_one(&mut self.connection).await?;
        if rows.is_some() {
            return Ok(rows);
        }
        let query =
            sqlx::query_scalar("select greatest(reltuples::bigint, 0) from pg_class where oid = to_regclass($1)");
        Ok(query.bind(table).fetch_optional(&mut self.connection).await?)
    }

    async fn count(&mut self, table: &str, condition: &str) -> Result<i64, VersionError> {
        let sql = AssertSqlSafe(format!("select count(*) from {table} where {condition}"));
        Ok(sqlx::query_scalar(sql).fetch_one(&mut self.connection).await?)
    }
}
