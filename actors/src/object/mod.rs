//! The object service: content of any size, stored under a name until it expires, and the same until then.
//!
//! Owns: objects in the database, and pieces of content in the store; nothing in memory.
//! Woken by: requests, and the sweep that calls [`Objects::expire`].
//! Emits: nothing.
//!
//! Content is written under an id of its own and attached to its object afterwards, in one transaction. So there is
//! never a half-written object, concurrent uploads do not mix, and a crash leaves content that the sweep finds.

mod backend;
mod create_upload;
mod download;
mod error;
mod expire;
mod finish_upload;
mod link;
mod promise;
mod receive;
mod refused;
mod s3;
mod settings;
mod stores;
#[cfg(test)]
mod tests;
mod verify;
mod writer;

use std::{path::Path, sync::Arc};

pub use backend::BackendError;
use base::{Clock, Rng};
pub(crate) use create_upload::check_content_type;
pub use create_upload::{CreateUpload, InlineData, OpenUpload, PutPromise, PutUrl, UploadMethod};
use db::{Db, artifact::ArtifactKey};
pub use db::{
    blob::{BlobId, Content},
    object::Hashes,
};
pub use download::{AcceptedMethods, ContentStream, Download, DownloadMethod, Metadata, Stored};
pub use error::ObjectError;
pub use expire::Swept;
pub use finish_upload::FinishUpload;
use link::Links;
use protocol::{id::UploadId, time::Timestamp};
pub use receive::{CONTENT_MD5, Incoming};
pub use s3::try_bucket;
pub use settings::{ObjectSettings, S3Settings};
use stores::Stores;

/// The object service.
#[derive(Clone)]
pub struct Objects {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    stores: Arc<Stores>,
    links: Arc<Links>,
}

impl Objects {
    /// Opens the bucket of the settings, else the folder, which is made if it is missing.
    pub async fn start(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Rng,
        folder: &Path,
        settings: &ObjectSettings,
    ) -> Result<Self, ObjectError> {
        let stores = Stores::open(folder, settings).await?;
        let key = db.signing_key("object-links", rng.bytes(), clock.now()).await?;
        let links = Links::new(key);
        Ok(Self { db, clock, rng, stores: Arc::new(stores), links: Arc::new(links) })
    }

    /// Agrees on what an upload will be, and how its content is sent. Safe to repeat.
    pub async fn create_upload(&self, upload: CreateUpload) -> Result<OpenUpload, ObjectError> {
        create_upload::run(self, upload).await
    }

    /// Makes the object visible and final. Safe to repeat.
    pub async fn finish_upload(&self, upload: FinishUpload) -> Result<(), ObjectError> {
        finish_upload::run(self, upload).await
    }

    /// Receives what is sent to an upload URL; `token` is the part of the URL that we signed.
    pub async fn receive<S, E>(&self, token: &str, incoming: Incoming<S>) -> Result<Content, ObjectError>
    where
        S: futures_util::Stream<Item = Result<bytes::Bytes, E>> + Send + Unpin,
        E: std::fmt::Display,
    {
        receive::run(self, token, incoming).await
    }

    /// Receives the content of an `s3` artifact from within this process, as if it had been sent to its upload URL.
    /// `entry` writes the artifact; it is polled once the content is complete.
    pub async fn store_artifact<S, E, F>(
        &self,
        key: &ArtifactKey,
        content_type: &str,
        body: S,
        entry: impl Future<Output = Result<(), F>>,
    ) -> Result<Content, F>
    where
        S: futures_util::Stream<Item = Result<bytes::Bytes, E>> + Send + Unpin,
        E: std::fmt::Display,
        F: From<ObjectError>,
    {
        receive::of_artifact(self, key, content_type, body, entry).await
    }

    /// Where to put the content of an `s3` artifact, as a path on this server, and until when.
    pub fn artifact_put_path(&self, key: &ArtifactKey, content_type: &str) -> (String, Timestamp) {
        let expires = self.clock.now() + link::UPLOAD_LIFE;
        (self.links.artifact_upload(key, content_type, expires), expires)
    }

    /// Where to get the content of an `s3` artifact, as a path on this server.
    pub fn artifact_path(&self, key: &ArtifactKey) -> String {
        self.links.artifact_download(key, self.clock.now() + link::SIMPLE_LIFE)
    }

    /// Project, expiry and hashes of a finished object.
    pub async fn metadata(&self, name: &str) -> Result<Metadata, ObjectError> {
        download::metadata(self, name).await
    }

    /// Where any HTTP client can read the object, as a path on this server.
    pub async fn simple_path(&self, name: &str) -> Result<String, ObjectError> {
        download::simple_path(self, name).await
    }

    /// The best way to download an object among those the client knows.
    pub async fn start_download(&self, name: &str, accepted: AcceptedMethods) -> Result<DownloadMethod, ObjectError> {
        download::start(self, name, accepted).await
    }

    /// What lies behind a download URL; `token` is the part of the URL that we signed.
    pub async fn find(&self, token: &str) -> Result<Stored, ObjectError> {
        download::find(self, token).await
    }

    /// The content of an `s3` artifact, for those in this process.
    pub async fn artifact_content(&self, key: &ArtifactKey) -> Result<Stored, ObjectError> {
        download::of_artifact(self, key).await
    }

    /// The content of an object, for those in this process.
    pub async fn content(&self, name: &str) -> Result<Stored, ObjectError> {
        download::of_object(self, name).await
    }

    /// Opens found content for reading, whole or in part.
    pub async fn open(&self, stored: &Stored, part: Option<std::ops::Range<u64>>) -> Result<Download, ObjectError> {
        download::open(self, stored, part).await
    }

    /// One step of the sweep: deletes expired rows, and content without an owner. To be repeated while anything was deleted.
    pub async fn expire(&self) -> Result<Swept, ObjectError> {
        expire::run(self).await
    }

    fn new_blob(&self) -> BlobId {
        BlobId(UploadId::from_random(self.rng.uuid_bytes()).0)
    }
}
