//! `client_create`, `client_change`, `client_delete`, `client_get`, `clients_list`, `clients_all`, `clients_static`,
//! `client_used`, `client_reseal`.

use base::SealedText;
use protocol::time::Timestamp;
use serde_json::Value;
use sqlx::{FromRow, Row, types::Json};

use super::By;
use crate::{Db, DbError, Rows, blob::unknown_outcome};

/// A client as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ClientRow {
    pub client_id: String,
    pub description: String,
    #[sqlx(json)]
    pub sealed_access_token: SealedText,
    pub scopes: Vec<String>,
    pub expires: Timestamp,
    pub disabled: bool,
    pub delete_on_expiration: bool,
    pub created: Timestamp,
    pub last_modified: Timestamp,
    pub last_date_used: Timestamp,
    pub last_rotated: Timestamp,
}

/// A client to be.
#[derive(Debug, Clone)]
pub struct NewClient {
    pub client_id: String,
    pub description: String,
    pub sealed_access_token: SealedText,
    pub scopes: Vec<String>,
    pub expires: Timestamp,
    pub delete_on_expiration: bool,
}

/// What became of `client_create`.
#[derive(Debug)]
pub struct ClientCreated {
    /// This call made it.
    pub fresh: bool,
    /// It equals the requested one, created now or a moment ago.
    pub same: bool,
    pub client: ClientRow,
}

/// What to change; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ClientChange {
    pub description: Option<String>,
    pub expires: Option<Timestamp>,
    pub scopes: Option<Vec<String>>,
    /// Scopes that the client must still have, else nothing is changed.
    pub kept: Option<Vec<String>>,
    pub delete_on_expiration: Option<bool>,
    pub disabled: Option<bool>,
    pub sealed_access_token: Option<SealedText>,
}

/// What became of `client_change`.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientChanged {
    Done(Box<ClientRow>),
    /// There is no such client.
    Missing,
    /// A scope that was to be kept is gone.
    Outdated,
}

/// A client of the settings.
#[derive(Debug, Clone)]
pub struct StaticClientRow {
    pub client_id: String,
    pub description: String,
    pub sealed_access_token: SealedText,
    /// The token differs from the stored one.
    pub changed: bool,
    pub scopes: Vec<String>,
}

impl Db {
    /// `client_create`, safe to repeat for a quarter of an hour.
    pub async fn client_create(&self, client: &NewClient, by: &By, now: Timestamp) -> Result<ClientCreated, DbError> {
        let call = sqlx::query("select fresh, same, (client).* from client_create($1,$2,$3,$4,$5,$6,$7,$8,$9)")
            .bind(&client.client_id)
            .bind(&client.description)
            .bind(Json(&client.sealed_access_token))
            .bind(&client.scopes)
            .bind(client.expires)
            .bind(client.delete_on_expiration)
            .bind(&by.client_id)
            .bind(&by.trace)
            .bind(now);
        let row = call.fetch_one(self.pool()).await?;
        Ok(ClientCreated {
            fresh: row.try_get("fresh")?,
            same: row.try_get("same")?,
            client: ClientRow::from_row(&row)?,
        })
    }

    /// `client_change`; `action` goes into the history.
    pub async fn client_change(
        &self,
        client_id: &str,
        change: &ClientChange,
        action: &str,
        by: &By,
        now: Timestamp,
    ) -> Result<ClientChanged, DbError> {
        let call = "select outcome, (written).* from client_change($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)";
        let call = sqlx::query(call)
            .bind(client_id)
            .bind(&change.description)
            .bind(change.expires)
            .bind(&change.scopes)
            .bind(&change.kept)
            .bind(change.delete_on_expiration)
            .bind(change.disabled)
            .bind(change.sealed_access_token.as_ref().map(Json))
            .bind(action)
            .bind(&by.client_id)
            .bind(&by.trace)
            .bind(now);
        let row = call.fetch_one(self.pool()).await?;
        let outcome: String = row.try_get("outcome")?;
        match outcome.as_str() {
            "done" => Ok(ClientChanged::Done(Box::new(ClientRow::from_row(&row)?))),
            "missing" => Ok(ClientChanged::Missing),
            "changed" => Ok(ClientChanged::Outdated),
            _ => Err(unknown_outcome("client_change", &outcome)),
        }
    }

    /// `client_delete`: whether there was one.
    pub async fn client_delete(&self, client_id: &str, by: &By, now: Timestamp) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select client_delete($1,$2,$3,$4)");
        Ok(call.bind(client_id).bind(&by.client_id).bind(&by.trace).bind(now).fetch_one(self.pool()).await?)
    }

    /// `client_get`.
    pub async fn client(&self, client_id: &str) -> Result<Option<ClientRow>, DbError> {
        let call = sqlx::query_as("select * from client_get($1)").bind(client_id);
        Ok(call.fetch_optional(self.pool()).await?)
    }

    /// `clients_list`: at most `limit` after the given one.
    pub async fn clients(&self, prefix: &str, after: Option<&str>, limit: i32) -> Result<Rows<ClientRow>, DbError> {
        let call = sqlx::query("select * from clients_list($1,$2,$3)").bind(prefix).bind(after).bind(limit);
        Ok(Rows::read("client", &call.fetch_all(self.pool()).await?, ClientRow::from_row))
    }

    /// `clients_all`.
    pub async fn all_clients(&self) -> Result<Rows<ClientRow>, DbError> {
        let rows = sqlx::query("select * from clients_all()").fetch_all(self.pool()).await?;
        Ok(Rows::read("client", &rows, ClientRow::from_row))
    }

    /// `clients_static`: how many were written or deleted.
    pub async fn static_clients(&self, clients: &[StaticClientRow], now: Timestamp) -> Result<i32, DbError> {
        let of = |text: fn(&StaticClientRow) -> &String| clients.iter().map(|it| text(it).clone()).collect::<Vec<_>>();
        let call = sqlx::query_scalar("select clients_static($1,$2,$3,$4,$5,$6)")
            .bind(of(|it| &it.client_id))
            .bind(of(|it| &it.description))
            .bind(clients.iter().map(|it| Json(&it.sealed_access_token)).collect::<Vec<_>>())
            .bind(clients.iter().map(|it| it.changed).collect::<Vec<_>>())
            .bind(clients.iter().map(|it| Value::from(it.scopes.clone())).collect::<Value>())
            .bind(now);
        Ok(call.fetch_one(self.pool()).await?)
    }

    /// `client_used`.
    pub async fn clients_used(&self, client_ids: &[String], now: Timestamp) -> Result<(), DbError> {
        sqlx::query("select client_used($1,$2)").bind(client_ids).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `client_reseal`: whether `old` was still there.
    pub async fn client_reseal(&self, client_id: &str, old: &SealedText, new: &SealedText) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select client_reseal($1,$2,$3)").bind(client_id).bind(Json(old)).bind(Json(new));
        Ok(call.fetch_one(self.pool()).await?)
    }
}
