//! The objects of the object service.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use protocol::{id::UploadId, time::Timestamp};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{
    Db, DbError,
    blob::{BlobId, Content, unknown_outcome},
};

/// Hashes by algorithm.
pub type Hashes = BTreeMap<String, String>;

/// What is settled about an object before its content comes.
#[derive(Debug, Clone)]
pub struct NewUpload {
    pub name: String,
    pub project_id: String,
    pub backend_id: String,
    pub upload_id: UploadId,
    pub expires: Timestamp,
    pub hashes: Hashes,
}

/// What became of `create_upload`. Texts name the field that differs.
#[derive(Debug, PartialEq, Eq)]
pub enum UploadCreated {
    Open,
    Finished,
    Differs(String),
}

/// What became of written content that was to find its holder.
#[derive(Debug, PartialEq, Eq)]
pub enum ContentStored {
    Stored,
    /// Equal content was there, and stays.
    Same,
    /// The upload took longer than unheld content is kept.
    Late,
    Missing,
    Finished,
    Differs(String),
}

/// What became of `finish_upload`.
#[derive(Debug, PartialEq, Eq)]
pub enum UploadFinished {
    Finished,
    Missing,
    /// No content has come.
    Empty,
    /// A hash that was not known at the end.
    Closed,
    /// From what was settled before.
    Differs(String),
    /// The content was not what this hash promised, and is given up.
    Altered(String),
}

/// An object under way, or finished.
#[derive(Debug)]
pub struct Upload {
    pub finished: bool,
    pub hashes: Hashes,
}

/// A finished object.
#[derive(Debug, Clone)]
pub struct Object {
    pub project_id: String,
    pub expires: Timestamp,
    /// As the uploader gave them, and found to be true where we know the algorithm.
    pub hashes: Hashes,
    pub blob: BlobId,
    pub content: Content,
}

impl Db {
    /// `create_upload`, safe to repeat.
    pub async fn create_upload(&self, upload: &NewUpload, now: Timestamp) -> Result<UploadCreated, DbError> {
        let row = sqlx::query_as("select outcome, field from create_upload($1, $2, $3, $4, $5, $6, $7)")
            .bind(&upload.name)
            .bind(&upload.project_id)
            .bind(&upload.backend_id)
            .bind(upload.upload_id.0)
            .bind(upload.expires)
            .bind(Json(&upload.hashes))
            .bind(now);
        let (outcome, field): (String, Option<String>) = row.fetch_one(self.pool()).await?;
        match outcome.as_str() {
            "open" => Ok(UploadCreated::Open),
            "finished" => Ok(UploadCreated::Finished),
            "differs" => Ok(UploadCreated::Differs(field.unwrap_or_default())),
            _ => Err(unknown_outcome("create_upload", &outcome)),
        }
    }

    /// `get_upload`. `None`: the object does not exist, or belongs to another upload.
    pub async fn get_upload(&self, name: &str, id: UploadId) -> Result<Option<Upload>, DbError> {
        let row = sqlx::query_as("select finished, hashes from get_upload($1, $2)").bind(name).bind(id.0);
        let found: Option<(bool, Json<Hashes>)> = row.fetch_optional(self.pool()).await?;
        Ok(found.map(|(finished, Json(hashes))| Upload { finished, hashes }))
    }

    /// `store_object_content`: the content is whole and lies in the store.
    pub async fn store_object_content(
        &self,
        (name, id): (&str, UploadId),
        blob: BlobId,
        content: &Content,
        now: Timestamp,
    ) -> Result<ContentStored, DbError> {
        let row = sqlx::query_as("select outcome, field from store_object_content($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(name)
            .bind(id.0)
            .bind(blob.0)
            .bind(&content.content_type)
            .bind(&content.content_encoding)
            .bind(content.content_length)
            .bind(&content.sha256)
            .bind(&content.sha512)
            .bind(now);
        let (outcome, field): (String, Option<String>) = row.fetch_one(self.pool()).await?;
        ContentStored::read("store_object_content", &outcome, field)
    }

    /// `finish_upload`, safe to repeat.
    pub async fn finish_upload(
        &self,
        (name, id): (&str, UploadId),
        project_id: &str,
        hashes: &Hashes,
        now: Timestamp,
    ) -> Result<UploadFinished, DbError> {
        let row = sqlx::query_as("select outcome, field from finish_upload($1, $2, $3, $4, $5)")
            .bind(name)
            .bind(project_id)
            .bind(id.0)
            .bind(Json(hashes))
            .bind(now);
        let (outcome, field): (String, Option<String>) = row.fetch_one(self.pool()).await?;
        let field = field.unwrap_or_default();
        match outcome.as_str() {
            "finished" => Ok(UploadFinished::Finished),
            "missing" => Ok(UploadFinished::Missing),
            "empty" => Ok(UploadFinished::Empty),
            "closed" => Ok(UploadFinished::Closed),
            "differs" => Ok(UploadFinished::Differs(field)),
            "altered" => Ok(UploadFinished::Altered(field)),
            _ => Err(unknown_outcome("finish_upload", &outcome)),
        }
    }

    /// `get_object`. `None`: there is none that is finished and has not expired.
    pub async fn get_object(&self, name: &str, now: Timestamp) -> Result<Option<Object>, DbError> {
        let row = sqlx::query_as("select * from get_object($1, $2)").bind(name).bind(now);
        let found: Option<ObjectRow> = row.fetch_optional(self.pool()).await?;
        Ok(found.map(Object::from))
    }

    /// `expire_objects`: how many are gone.
    pub async fn expire_objects(&self, limit: i32, now: Timestamp) -> Result<i32, DbError> {
        let gone = sqlx::query_scalar("select expire_objects($1, $2)").bind(limit).bind(now);
        Ok(gone.fetch_one(self.pool()).await?)
    }
}

impl ContentStored {
    pub(crate) fn read(function: &str, outcome: &str, field: Option<String>) -> Result<Self, DbError> {
        match outcome {
            "stored" => Ok(Self::Stored),
            "same" => Ok(Self::Same),
            "late" => Ok(Self::Late),
            "missing" => Ok(Self::Missing),
            "finished" => Ok(Self::Finished),
            "differs" => Ok(Self::Differs(field.unwrap_or_default())),
            _ => Err(unknown_outcome(function, outcome)),
        }
    }
}

#[derive(FromRow)]
struct ObjectRow {
    project_id: String,
    expires: Timestamp,
    hashes: Json<Hashes>,
    blob_id: Uuid,
    #[sqlx(flatten)]
    content: Content,
}

impl From<ObjectRow> for Object {
    fn from(row: ObjectRow) -> Self {
        Self {
            project_id: row.project_id,
            expires: row.expires,
            hashes: row.hashes.0,
            blob: BlobId(row.blob_id),
            content: row.content,
        }
    }
}
