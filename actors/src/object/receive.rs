//! Receives content. It is what was promised, complete and on disk, or nothing of it is kept.

use std::fmt::Display;

use bytes::Bytes;
use db::{
    artifact::ArtifactKey,
    blob::{BlobId, Content},
    object::{ContentStored, Hashes},
};
use futures_util::{Stream, StreamExt};

use super::{
    ObjectError, Objects,
    link::Permit,
    promise::Promise,
    refused::refused,
    writer::{Writer, Written},
};
use crate::FieldError;

/// The hash of the header `Content-MD5`, in hex: not one of those that uploaders promise.
pub const CONTENT_MD5: &str = "content-md5";

/// What is sent to an upload URL: the headers that matter, and the bytes.
pub struct Incoming<S> {
    pub content_type: Option<String>,
    pub content_length: Option<u64>,
    pub content_encoding: Option<String>,
    /// Hashes that were sent beside the bytes; those known to us are checked.
    pub digests: Hashes,
    pub body: S,
}

impl<S> Incoming<S> {
    pub(super) const fn plain(content_type: String, body: S) -> Self {
        Self {
            content_type: Some(content_type),
            content_length: None,
            content_encoding: None,
            digests: Hashes::new(),
            body,
        }
    }
}

pub(super) async fn run<S, E>(objects: &Objects, token: &str, incoming: Incoming<S>) -> Result<Content, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let permit = objects.links.read(token, objects.clock.now())?;
    take(objects, permit, incoming).await
}

/// Receives the content of an `s3` artifact without a link. `entry` writes the artifact itself, once the content is
/// complete: no artifact is ever visible before its content.
pub(super) async fn of_artifact<S, E, F>(
    objects: &Objects,
    key: &ArtifactKey,
    content_type: &str,
    body: S,
    entry: impl Future<Output = Result<(), F>>,
) -> Result<Content, F>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
    F: From<ObjectError>,
{
    let ArtifactKey { task_id, run_id, name } = key.clone();
    let permit = Permit::PutArtifact { task_id, run_id, name, content_type: content_type.to_owned() };
    let arrived = bring(objects, &permit, Incoming::plain(content_type.to_owned(), body)).await?;
    if let Err(error) = entry.await {
        discard(objects, arrived.writer).await;
        return Err(error);
    }
    Ok(settle(objects, &permit, arrived).await?)
}

/// Receives what the link permits.
pub(super) async fn take<S, E>(objects: &Objects, permit: Permit, incoming: Incoming<S>) -> Result<Content, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let arrived = bring(objects, &permit, incoming).await?;
    settle(objects, &permit, arrived).await
}

/// Complete content in the store without an owner yet.
struct Arrived<'o> {
    writer: Writer<'o>,
    content: Content,
    /// Known only where it was sent along.
    md5: Option<String>,
    promised: [Hashes; 2],
}

async fn bring<'o, S, E>(
    objects: &'o Objects,
    permit: &Permit,
    incoming: Incoming<S>,
) -> Result<Arrived<'o>, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let promise = Promise::of(permit, &incoming)?;
    let promised = [promised_hashes(objects, permit).await?, incoming.digests];
    let blob = objects.new_blob();
    objects.db.start_content(blob, objects.stores.chosen().id(), objects.clock.now()).await?;
    let md5 = promised[1].contains_key(CONTENT_MD5);
    let mut writer = Writer::new(objects, blob, promise.most(), md5);
    match write(&mut writer, &promise, incoming.body).await {
        Ok((content, md5)) => Ok(Arrived { writer, content, md5, promised }),
        Err(error) => {
            discard(objects, writer).await;
            Err(error)
        }
    }
}

/// Attaches the content to its owner. The database decides here between two uploads, or an upload and the end of its run.
async fn settle(objects: &Objects, permit: &Permit, arrived: Arrived<'_>) -> Result<Content, ObjectError> {
    let outcome = match broken(&arrived) {
        Some(algorithm) => Ok(ContentStored::Differs(format!("hashes.{algorithm}"))),
        None => hold(objects, permit, arrived.writer.blob, &arrived.content).await,
    };
    let Arrived { writer, content, .. } = arrived;
    match outcome {
        Ok(ContentStored::Stored) => Ok(content),
        Ok(outcome) => {
            discard(objects, writer).await;
            refused(outcome, permit).map(|()| content)
        }
        // Only the response of the database may have been lost; then the content must stay.
        Err(error) => Err(error),
    }
}

/// Checks before the bytes are read, so that a useless upload ends at once.
async fn promised_hashes(objects: &Objects, permit: &Permit) -> Result<Hashes, ObjectError> {
    let Permit::PutObject { name, upload_id, .. } = permit else { return Ok(Hashes::new()) };
    match objects.db.get_upload(name, *upload_id).await? {
        None => Err(ObjectError::NoSuchObject(name.clone())),
        Some(upload) if upload.finished => refused(ContentStored::Finished, permit).map(|()| upload.hashes),
        Some(upload) => Ok(upload.hashes),
    }
}

async fn write<S, E>(
    writer: &mut Writer<'_>,
    promise: &Promise,
    mut body: S,
) -> Result<(Content, Option<String>), ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let most = promise.most();
    while let Some(piece) = body.next().await {
        let come = writer.length;
        let broke = |error| FieldError::new("/body", "come whole", format!("an end after {come} bytes: {error}"));
        let piece = piece.map_err(broke)?;
        if come + piece.len() as u64 > most {
            return Err(FieldError::new("/body", format!("have the {most} bytes of `contentLength`"), "more").into());
        }
        writer.write(piece).await?;
    }
    if let Some(promised) = promise.length.filter(|promised| *promised != writer.length) {
        let come = writer.length;
        let expected = format!("have the {promised} bytes of `contentLength`");
        return Err(FieldError::new("/body", expected, come.to_string()).into());
    }
    let written = writer.complete().await?;
    let md5 = written.md5.clone();
    Ok((content(promise, written), md5))
}

fn content(promise: &Promise, written: Written) -> Content {
    Content {
        content_type: promise.content_type.clone(),
        content_encoding: promise.content_encoding.clone(),
        content_length: i64::try_from(written.length).unwrap_or(i64::MAX),
        sha256: written.sha256,
        sha512: written.sha512,
    }
}

/// The first promise that the content breaks.
fn broken(arrived: &Arrived<'_>) -> Option<&'static str> {
    let Arrived { content, md5, promised, .. } = arrived;
    let actual = [("sha256", Some(&content.sha256)), ("sha512", Some(&content.sha512)), (CONTENT_MD5, md5.as_ref())];
    let breaks =
        |algorithm: &str, hash: &String| promised.iter().any(|it| it.get(algorithm).is_some_and(|it| it != hash));
    let known = actual.into_iter().filter_map(|(algorithm, hash)| Some((algorithm, hash?)));
    known.into_iter().find(|(algorithm, hash)| breaks(algorithm, hash)).map(|(algorithm, _)| algorithm)
}

async fn hold(
    objects: &Objects,
    permit: &Permit,
    blob: BlobId,
    content: &Content,
) -> Result<ContentStored, ObjectError> {
    let now = objects.clock.now();
    Ok(match permit {
        Permit::PutObject { name, upload_id, .. } => {
            objects.db.store_object_content((name, *upload_id), blob, content, now).await?
        }
        Permit::PutArtifact { task_id, run_id, name, .. } => {
            let key = ArtifactKey { task_id: *task_id, run_id: *run_id, name: name.clone() };
            objects.db.store_artifact_content(&key, blob, content, now).await?
        }
        Permit::GetBlob { .. } | Permit::GetArtifact { .. } => ContentStored::Missing,
    })
}

/// Content without an owner is deleted now if that works, by the sweep if not.
async fn discard(objects: &Objects, writer: Writer<'_>) {
    let (blob, multipart_id) = (writer.blob, writer.multipart_id());
    // A file that is still open would come back when it is completed; here it never is any more.
    drop(writer);
    let deleted = async {
        objects.stores.chosen().delete(blob, multipart_id.as_deref()).await?;
        objects.db.delete_blobs(&[blob]).await?;
        Ok::<_, ObjectError>(())
    };
    if let Err(error) = deleted.await {
        tracing::warn!(blob.id = %blob.0, error = &error as &dyn std::error::Error, "refused content could not be deleted, the sweep will");
    }
}
