//! Pieces of stored content: known to the database from before the first byte is written until after the last one is
//! deleted, and held by an object or an artifact in between.

use protocol::time::Timestamp;
use uuid::Uuid;

use crate::{Db, DbError};

/// One piece of content. It never changes once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobId(pub Uuid);

/// What is known of written content.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Content {
    pub content_type: String,
    pub content_encoding: String,
    pub content_length: i64,
    /// In lower-case hex, as the others.
    pub sha256: String,
    pub sha512: String,
}

impl Db {
    /// `start_blob`: announces content. Unless somebody holds it by then, it may be swept away after a day.
    pub async fn start_blob(&self, id: BlobId, now: Timestamp) -> Result<(), DbError> {
        sqlx::query("select start_blob($1, $2)").bind(id.0).bind(now).execute(self.pool()).await?;
        Ok(())
    }

    /// `get_blob`. `None`: nobody holds such content.
    pub async fn get_blob(&self, id: BlobId) -> Result<Option<Content>, DbError> {
        let found = sqlx::query_as("select * from get_blob($1)").bind(id.0);
        Ok(found.fetch_optional(self.pool()).await?)
    }

    /// `unheld_blobs`: content to delete from the store.
    pub async fn unheld_blobs(&self, limit: i32, now: Timestamp) -> Result<Vec<BlobId>, DbError> {
        let found = sqlx::query_scalar("select blob_id from unheld_blobs($1, $2)").bind(limit).bind(now);
        Ok(found.fetch_all(self.pool()).await?.into_iter().map(BlobId).collect())
    }

    /// `forget_blobs`: the store no longer has this content.
    pub async fn forget_blobs(&self, ids: &[BlobId]) -> Result<(), DbError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        sqlx::query("select forget_blobs($1)").bind(ids).execute(self.pool()).await?;
        Ok(())
    }

    /// `signing_key_for`: the key all processes of this deployment share. `candidate` is fresh randomness and becomes
    /// the key if there is none yet.
    pub async fn signing_key(&self, purpose: &str, candidate: [u8; 32], now: Timestamp) -> Result<Vec<u8>, DbError> {
        let key = sqlx::query_scalar("select signing_key_for($1, $2, $3)");
        let key = key.bind(purpose).bind(&candidate[..]).bind(now);
        Ok(key.fetch_one(self.pool()).await?)
    }
}

/// A stored function answered with a word this program does not know.
pub(crate) fn unknown_outcome(function: &str, outcome: &str) -> DbError {
    DbError::Answer(format!("{function} answered `{outcome}`").into())
}
