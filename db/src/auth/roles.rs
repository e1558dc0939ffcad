//! `roles_all`, `role_write`, `role_delete`.

use protocol::time::Timestamp;
use sqlx::{FromRow, Row, postgres::PgRow};

use super::By;
use crate::{Db, DbError, blob::unknown_outcome};

/// A role as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct RoleRow {
    pub role_id: String,
    pub scopes: Vec<String>,
    pub description: String,
    pub created: Timestamp,
    pub last_modified: Timestamp,
}

/// A role to create or replace, checked against all roles as of `roles_version`.
#[derive(Debug, Clone)]
pub struct RoleWrite<'a> {
    pub role_id: &'a str,
    pub scopes: &'a [String],
    pub description: &'a str,
    pub create: bool,
    pub roles_version: i64,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum RoleWritten {
    Done(RoleRow),
    /// It was there already, and is just that.
    Same(RoleRow),
    /// It was there already, and is something else.
    Differs,
    /// There is nothing to replace.
    Missing,
    /// The roles have changed since they were read.
    Outdated,
}

impl Db {
    /// `roles_all`, by their ids.
    pub async fn all_roles(&self) -> Result<Vec<RoleRow>, DbError> {
        Ok(sqlx::query_as("select * from roles_all()").fetch_all(self.pool()).await?)
    }

    /// `role_write`.
    pub async fn role_write(&self, role: &RoleWrite<'_>, by: &By, now: Timestamp) -> Result<RoleWritten, DbError> {
        let call = sqlx::query("select outcome, (written).* from role_write($1,$2,$3,$4,$5,$6,$7,$8)")
            .bind(role.role_id)
            .bind(role.scopes)
            .bind(role.description)
            .bind(role.create)
            .bind(role.roles_version)
            .bind(&by.client_id)
            .bind(&by.trace)
            .bind(now);
        written(&call.fetch_one(self.pool()).await?)
    }

    /// `role_delete`: whether there was one.
    pub async fn role_delete(&self, role_id: &str, by: &By, now: Timestamp) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select role_delete($1,$2,$3,$4)");
        Ok(call.bind(role_id).bind(&by.client_id).bind(&by.trace).bind(now).fetch_one(self.pool()).await?)
    }
}

fn written(row: &PgRow) -> Result<RoleWritten, DbError> {
    let outcome: &str = row.try_get("outcome")?;
    Ok(match outcome {
        "done" => RoleWritten::Done(RoleRow::from_row(row)?),
        "same" => RoleWritten::Same(RoleRow::from_row(row)?),
        "differs" => RoleWritten::Differs,
        "missing" => RoleWritten::Missing,
        "outdated" => RoleWritten::Outdated,
        _ => return Err(unknown_outcome("role_write", outcome)),
    })
}
