//! Public keys of providers: `identity_keys_get`, `identity_key_set`.

use protocol::time::Timestamp;
use sqlx::FromRow;

use crate::{Db, DbError};

/// A public key, by which a provider's proofs of identity are verified.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct IdentityKey {
    pub key_id: String,
    /// A JWKS, or PEM.
    pub key: String,
    pub expires: Timestamp,
}

impl Db {
    /// `identity_keys_get`: those that are valid.
    pub async fn identity_keys(&self, provider_id: &str, now: Timestamp) -> Result<Vec<IdentityKey>, DbError> {
        let call = sqlx::query_as("select * from identity_keys_get($1,$2)").bind(provider_id).bind(now);
        Ok(call.fetch_all(self.pool()).await?)
    }

    /// `identity_key_set`: creates or replaces.
    pub async fn set_identity_key(&self, provider_id: &str, key: &IdentityKey, now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select identity_key_set($1,$2,$3,$4,$5)").bind(provider_id).bind(&key.key_id);
        call.bind(&key.key).bind(key.expires).bind(now).execute(self.pool()).await?;
        Ok(())
    }
}
