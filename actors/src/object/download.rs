//! From a finished object to its bytes.

use std::ops::Range;

use bytes::Bytes;
use db::{
    artifact::ArtifactKey,
    blob::{BlobId, Content, StoredContent},
    object::{Hashes, Object},
};
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use protocol::time::Timestamp;

use super::{
    ObjectError, Objects,
    link::{GET_URL_LIFE, Permit, SIMPLE_LIFE},
    verify,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub project_id: String,
    pub expires: Timestamp,
    pub hashes: Hashes,
}

/// Ways to download that a client knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct AcceptedMethods {
    pub simple: bool,
    pub get_url: bool,
}

/// Paths are on this server.
#[derive(Debug)]
pub enum DownloadMethod {
    /// Good for a moment; the client asks again when it lapses, and checks every hash it knows.
    GetUrl {
        path: String,
        expires: Timestamp,
        hashes: Hashes,
    },
    Simple {
        path: String,
    },
}

/// Content in the store.
#[derive(Debug, Clone)]
pub struct Stored {
    pub blob: BlobId,
    pub(super) store_id: String,
    pub content: Content,
}

pub type ContentStream = BoxStream<'static, Result<Bytes, ObjectError>>;

/// A response body.
pub struct Download {
    pub length: u64,
    pub bytes: ContentStream,
}

pub(super) async fn metadata(objects: &Objects, name: &str) -> Result<Metadata, ObjectError> {
    let object = get(objects, name).await?;
    let hashes = hashes(&object);
    Ok(Metadata { project_id: object.project_id, expires: object.expires, hashes })
}

pub(super) async fn simple_path(objects: &Objects, name: &str) -> Result<String, ObjectError> {
    let object = get(objects, name).await?;
    Ok(objects.links.download(object.blob, name, objects.clock.now() + SIMPLE_LIFE))
}

pub(super) async fn start(
    objects: &Objects,
    name: &str,
    accepted: AcceptedMethods,
) -> Result<DownloadMethod, ObjectError> {
    let object = get(objects, name).await?;
    if accepted.get_url {
        let expires = objects.clock.now() + GET_URL_LIFE;
        let path = objects.links.download(object.blob, name, expires);
        Ok(DownloadMethod::GetUrl { path, expires, hashes: hashes(&object) })
    } else if accepted.simple {
        let path = objects.links.download(object.blob, name, objects.clock.now() + SIMPLE_LIFE);
        Ok(DownloadMethod::Simple { path })
    } else {
        Err(ObjectError::NoMatchingMethod)
    }
}

pub(super) async fn find(objects: &Objects, token: &str) -> Result<Stored, ObjectError> {
    match objects.links.read(token, objects.clock.now())? {
        Permit::GetBlob { blob_id } => of_blob(objects, BlobId(blob_id)).await,
        Permit::GetArtifact { task_id, run_id, name } => {
            of_artifact(objects, &ArtifactKey { task_id, run_id, name }).await
        }
        Permit::PutObject { .. } | Permit::PutArtifact { .. } => {
            Err(ObjectError::BadLink("this URL is for uploading, not for reading"))
        }
    }
}

pub(super) async fn of_artifact(objects: &Objects, key: &ArtifactKey) -> Result<Stored, ObjectError> {
    let artifact = objects.db.get_artifact(key).await?;
    of_blob(objects, artifact.and_then(|artifact| artifact.blob).ok_or(ObjectError::NoContent)?).await
}

pub(super) async fn of_object(objects: &Objects, name: &str) -> Result<Stored, ObjectError> {
    of_blob(objects, get(objects, name).await?.blob).await
}

async fn of_blob(objects: &Objects, blob: BlobId) -> Result<Stored, ObjectError> {
    let StoredContent { store_id, content } = objects.db.get_content(blob).await?.ok_or(ObjectError::NoContent)?;
    Ok(Stored { blob, store_id, content })
}

/// A part lies within the content. A file of another length than was stored is not served, and the end of one that
/// was altered is never sent.
pub(super) async fn open(
    objects: &Objects,
    stored: &Stored,
    part: Option<Range<u64>>,
) -> Result<Download, ObjectError> {
    let whole = u64::try_from(stored.content.content_length).unwrap_or_default();
    let length = part.as_ref().map_or(whole, |part| part.end.saturating_sub(part.start));
    if length == 0 {
        return Ok(Download { length, bytes: stream::empty().boxed() });
    }
    let is_whole = length == whole;
    let (found, bytes) = objects.stores.of(&stored.store_id)?.read(stored.blob, part).await?;
    if found != whole {
        return Err(ObjectError::Damaged);
    }
    let bytes = bytes.map_err(ObjectError::from).boxed();
    // The hash of a part is not known; a client that reads parts checks the whole.
    let bytes = if is_whole { verify::verified(bytes, stored) } else { bytes };
    Ok(Download { length, bytes })
}

async fn get(objects: &Objects, name: &str) -> Result<Object, ObjectError> {
    let found = objects.db.get_object(name, objects.clock.now()).await?;
    found.ok_or_else(|| ObjectError::NoSuchObject(name.to_owned()))
}

/// Those the uploader gave. Where there are none, those we found: many clients refuse an object without any.
fn hashes(object: &Object) -> Hashes {
    if !object.hashes.is_empty() {
        return object.hashes.clone();
    }
    let found = [("sha256", &object.content.sha256), ("sha512", &object.content.sha512)];
    found.map(|(algorithm, hash)| (algorithm.to_owned(), hash.clone())).into()
}
