//! Sessions of browsers, and links that sign in once.

use chrono::TimeDelta;
use protocol::time::Timestamp;
use sqlx::FromRow;

use crate::{Db, DbError};

/// SHA-256 of what only the browser knows.
pub type SessionHash = [u8; 32];

/// A session that is to begin.
#[derive(Debug, Clone)]
pub struct NewSession<'s> {
    pub session_id: SessionHash,
    pub client_id: &'s str,
    /// Of the client's access token at sign-in.
    pub fingerprint: SessionHash,
    /// Of a person whom an identity provider signed in; `None`: a stored client signed in.
    pub roles: Option<&'s [String]>,
    /// How long it lasts without a request.
    pub idle: TimeDelta,
}

/// A session that has not expired.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SessionRow {
    pub client_id: String,
    pub fingerprint: Vec<u8>,
    pub roles: Option<Vec<String>>,
    pub created: Timestamp,
    pub expires: Timestamp,
}

impl Db {
    /// `session_begin`.
    pub async fn session_begin(&self, session: &NewSession<'_>, now: Timestamp) -> Result<(), DbError> {
        let NewSession { session_id, client_id, fingerprint, roles, idle } = session;
        let call = sqlx::query("select session_begin($1,$2,$3,$4,$5,$6)").bind(session_id).bind(client_id);
        call.bind(fingerprint).bind(*roles).bind(*idle).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `session_find`. Its use is recorded when the last one was at least `record_after` ago.
    pub async fn session_find(
        &self,
        session: &SessionHash,
        record_after: TimeDelta,
        now: Timestamp,
    ) -> Result<Option<SessionRow>, DbError> {
        let call = sqlx::query_as("select * from session_find($1,$2,$3)").bind(session).bind(record_after).bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `session_end`, safe to repeat.
    pub async fn session_end(&self, session: &SessionHash) -> Result<(), DbError> {
        sqlx::query("select session_end($1)").bind(session).execute(self.pool()).await?;
        Ok(())
    }

    /// `sign_in_link_add`.
    pub async fn sign_in_link_add(
        &self,
        link: &SessionHash,
        client_id: &str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let call = sqlx::query("select sign_in_link_add($1,$2,$3,$4)").bind(link).bind(client_id);
        call.bind(expires).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `sign_in_link_take`: the client that the link signs in as. `None`: it was used, has expired or never was.
    pub async fn sign_in_link_take(&self, link: &SessionHash, now: Timestamp) -> Result<Option<String>, DbError> {
        let call = sqlx::query_scalar("select * from sign_in_link_take($1,$2)").bind(link).bind(now);
        Ok(call.fetch_optional(self.pool()).await?)
    }
}
