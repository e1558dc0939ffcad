//! Clients, roles and their history.

mod audit;
mod clients;
mod roles;
#[cfg(test)]
mod tests;

pub use audit::{AuditQuery, AuditRow};
pub use clients::{ClientChange, ClientChanged, ClientCreated, ClientRow, NewClient, StaticClientRow};
pub use roles::{RoleRow, RoleWrite, RoleWritten};

use crate::{Db, DbError};

/// How often clients and roles were changed; whoever keeps a copy of them compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct AuthVersions {
    pub clients: i64,
    pub roles: i64,
}

/// Who changes something: the client id for the history, and the trace that the event goes on with.
#[derive(Debug, Clone)]
pub struct By {
    pub client_id: String,
    pub trace: Option<String>,
}

impl Db {
    /// `auth_versions`.
    pub async fn auth_versions(&self) -> Result<AuthVersions, DbError> {
        Ok(sqlx::query_as("select * from auth_versions()").fetch_one(self.pool()).await?)
    }
}
