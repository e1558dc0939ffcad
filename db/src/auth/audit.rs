//! `audit_list`, `expire_auth`.

use protocol::time::Timestamp;
use sqlx::FromRow;

use crate::{Db, DbError};

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct AuditRow {
    pub seq: i64,
    pub entity_type: String,
    pub entity_id: String,
    pub client_id: String,
    pub action_type: String,
    pub created: Timestamp,
}

/// Whose history.
#[derive(Debug, Clone, Copy)]
pub enum AuditQuery<'a> {
    /// What was done to something.
    Entity { kind: &'a str, id: &'a str },
    /// What a client did.
    By(&'a str),
}

impl Db {
    /// `audit_list`: at most `limit` lines after the given one, oldest first.
    pub async fn audit(&self, of: AuditQuery<'_>, after: Option<i64>, limit: i32) -> Result<Vec<AuditRow>, DbError> {
        let (kind, id, client_id) = match of {
            AuditQuery::Entity { kind, id } => (Some(kind), Some(id), None),
            AuditQuery::By(client_id) => (None, None, Some(client_id)),
        };
        let call = sqlx::query_as("select * from audit_list($1,$2,$3,$4,$5)");
        let call = call.bind(kind).bind(id).bind(client_id).bind(after).bind(limit);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `expire_auth`: how many clients went, in the name of `by`.
    pub async fn expire_auth(&self, by: &str, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select expire_auth($1,$2,$3)").bind(by).bind(limit).bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }
}
