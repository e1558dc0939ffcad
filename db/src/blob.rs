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

/// Written content, and the store it lies in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredContent {
    pub store_id: String,
    #[sqlx(flatten)]
    pub content: Content,
}

/// Content to delete from its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnheldContent {
    pub blob_id: BlobId,
    pub store_id: String,
    /// The upload in parts by which it was, or is, written.
    pub multipart_id: Option<String>,
}

impl Db {
    /// `start_content`: announces content. Unless somebody holds it by then, it may be swept away after a day.
    pub async fn start_content(&self, id: BlobId, store_id: &str, now: Timestamp) -> Result<(), DbError> {
        let call = sqlx::query("select start_content($1, $2, $3)").bind(id.0).bind(store_id).bind(now);
        call.execute(self.pool()).await?;
        Ok(())
    }

    /// `set_multipart_id`: the store has opened an upload in parts for this content.
    pub async fn set_multipart_id(&self, id: BlobId, multipart_id: &str) -> Result<(), DbError> {
        sqlx::query("select set_multipart_id($1, $2)").bind(id.0).bind(multipart_id).execute(self.pool()).await?;
        Ok(())
    }

    /// `get_content`. `None`: nobody holds such content.
    pub async fn get_content(&self, id: BlobId) -> Result<Option<StoredContent>, DbError> {
        let found = sqlx::query_as("select * from get_content($1)").bind(id.0);
        Ok(found.fetch_optional(self.pool()).await?)
    }

    /// `unheld_content`: content to delete from these stores.
    pub async fn unheld_content(
        &self,
        store_ids: &[&str],
        limit: i32,
        now: Timestamp,
    ) -> Result<Vec<UnheldContent>, DbError> {
        let found = sqlx::query_as("select blob_id, store_id, multipart_id from unheld_content($1, $2, $3)");
        let rows: Vec<(Uuid, String, Option<String>)> =
            found.bind(store_ids).bind(limit).bind(now).fetch_all(self.pool()).await?;
        let read =
            |(blob_id, store_id, multipart_id)| UnheldContent { blob_id: BlobId(blob_id), store_id, multipart_id };
        Ok(rows.into_iter().map(read).collect())
    }

    /// `delete_blobs`: the store no longer has this content.
    pub async fn delete_blobs(&self, ids: &[BlobId]) -> Result<(), DbError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        sqlx::query("select delete_blobs($1)").bind(ids).execute(self.pool()).await?;
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

/// A stored function returned an outcome that this program does not know.
pub(crate) fn unknown_outcome(function: &str, outcome: &str) -> DbError {
    DbError::Answer(format!("{function} returned `{outcome}`").into())
}
