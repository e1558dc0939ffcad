//! Secrets, which are sealed before they come here.

use base::SealedText;
use protocol::time::Timestamp;
use sqlx::{FromRow, types::Json};

use crate::{Db, DbError, Rows};

/// A stored secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSecret {
    pub name: String,
    pub sealed: SealedText,
    pub expires: Timestamp,
}

impl Db {
    /// `secret_set`: creates or replaces. `by` is the client, for the history.
    pub async fn secret_set(&self, secret: &StoredSecret, by: &str, now: Timestamp) -> Result<(), DbError> {
        let StoredSecret { name, sealed, expires } = secret;
        let call = sqlx::query("select secret_set($1,$2,$3,$4,$5)").bind(name).bind(Json(sealed));
        call.bind(expires).bind(by).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `secret_get`. `None`: there is none, or it has expired.
    pub async fn secret_get(&self, name: &str, now: Timestamp) -> Result<Option<StoredSecret>, DbError> {
        let call = sqlx::query_as("select * from secret_get($1,$2)").bind(name).bind(now);
        let row: Option<SecretRow> = call.fetch_optional(self.pool()).await?;
        Ok(row.map(StoredSecret::from))
    }

    /// `secret_delete`, safe to repeat.
    pub async fn secret_delete(&self, name: &str, by: &str, now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select secret_delete($1,$2,$3)").bind(name).bind(by).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `secrets_list`: names in order, at most `limit` after the given one.
    pub async fn secrets_list(&self, after: Option<&str>, limit: i32, now: Timestamp) -> Result<Vec<String>, DbError> {
        let call = sqlx::query_scalar("select * from secrets_list($1,$2,$3)").bind(after).bind(limit).bind(now);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `secrets_all`: expired ones too, at most `limit` after the given name.
    pub async fn secrets_all(&self, after: Option<&str>, limit: i32) -> Result<Rows<StoredSecret>, DbError> {
        let call = sqlx::query("select * from secrets_all($1,$2)").bind(after).bind(limit);
        let rows = call.fetch_all(self.pool()).await?;
        Ok(Rows::read("secret", &rows, |row| SecretRow::from_row(row).map(StoredSecret::from)))
    }

    /// `secret_reseal`: the same text under another key, unless somebody changed the secret meanwhile.
    pub async fn secret_reseal(&self, name: &str, old: &SealedText, new: &SealedText) -> Result<(), DbError> {
        let call = sqlx::query("select secret_reseal($1,$2,$3)").bind(name).bind(Json(old)).bind(Json(new));
        call.execute(self.pool()).await?;
        Ok(())
    }
}

#[derive(FromRow)]
struct SecretRow {
    name: String,
    sealed: Json<SealedText>,
    expires: Timestamp,
}

impl From<SecretRow> for StoredSecret {
    fn from(row: SecretRow) -> Self {
        Self { name: row.name, sealed: row.sealed.0, expires: row.expires }
    }
}
