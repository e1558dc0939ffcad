//! Content arrives. It is what was promised, whole and on disk, or nothing of it is kept.

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
    writer::{Writer, Written},
};
use crate::Unfit;

/// Most that one upload may bring where nothing was promised, as with S3.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// Codings that a reader can undo. A word that is none would make the content unreadable for good.
const ENCODINGS: [&str; 5] = ["identity", "gzip", "br", "deflate", "zstd"];

/// What somebody sends to an upload URL: the headers that matter, and the bytes.
pub struct Arrival<S> {
    pub content_type: Option<String>,
    pub content_length: Option<u64>,
    pub content_encoding: Option<String>,
    /// Hashes that were sent beside the bytes; those known to us are checked.
    pub digests: Hashes,
    pub body: S,
}

impl<S> Arrival<S> {
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

pub(super) async fn run<S, E>(objects: &Objects, token: &str, arrival: Arrival<S>) -> Result<Content, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let permit = objects.links.read(token, objects.clock.now())?;
    take(objects, permit, arrival).await
}

/// Takes in the content of an `s3` artifact of whoever needs no link.
pub(super) async fn of_artifact<S, E>(
    objects: &Objects,
    key: &ArtifactKey,
    content_type: &str,
    body: S,
) -> Result<Content, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let ArtifactKey { task_id, run_id, name } = key.clone();
    let permit = Permit::PutArtifact { task_id, run_id, name, content_type: content_type.to_owned() };
    take(objects, permit, Arrival::plain(content_type.to_owned(), body)).await
}

/// Takes in what the permit allows.
pub(super) async fn take<S, E>(objects: &Objects, permit: Permit, arrival: Arrival<S>) -> Result<Content, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let promise = Promise::of(&permit, &arrival)?;
    let promised = [promised_hashes(objects, &permit).await?, arrival.digests];
    let blob = objects.new_blob();
    objects.db.start_content(blob, objects.stores.chosen().id(), objects.clock.now()).await?;
    let mut writer = Writer::new(objects, blob, promise.length.unwrap_or(LARGEST));
    let stored = match write(&mut writer, &promise, arrival.body).await {
        Ok(content) => hold(objects, &permit, blob, content, &promised).await,
        Err(error) => Err(error),
    };
    match stored {
        Ok((ContentStored::Stored, content)) => Ok(content),
        Ok((outcome, content)) => {
            discard(objects, writer).await;
            refused(outcome, &permit).map(|()| content)
        }
        // The word of the database that it holds the content may just have been lost; then it must stay.
        Err(error @ ObjectError::Db(_)) => Err(error),
        Err(error) => {
            discard(objects, writer).await;
            Err(error)
        }
    }
}

/// What the bytes have to be, from the URL and the headers.
struct Promise {
    content_type: String,
    content_encoding: String,
    length: Option<u64>,
}

impl Promise {
    fn of<S>(permit: &Permit, arrival: &Arrival<S>) -> Result<Self, ObjectError> {
        let encoding = arrival.content_encoding.as_deref().unwrap_or("identity");
        if !ENCODINGS.contains(&encoding) {
            let known = ENCODINGS.join(", ");
            return Err(Unfit::new("/headers/Content-Encoding", format!("be one of {known}"), encoding).into());
        }
        let (content_type, length) = match permit {
            Permit::PutObject { content_type, content_length, .. } => {
                let promised = *content_length;
                expect("Content-Encoding", "identity", encoding)?;
                let announced = arrival.content_length.unwrap_or(promised);
                expect("Content-Length", &promised.to_string(), &announced.to_string())?;
                (content_type, Some(promised))
            }
            Permit::PutArtifact { content_type, .. } => (content_type, arrival.content_length),
            Permit::GetBlob { .. } | Permit::GetArtifact { .. } => {
                return Err(ObjectError::BadLink("this URL is for reading, not for uploading"));
            }
        };
        expect("Content-Type", content_type, arrival.content_type.as_deref().unwrap_or_default())?;
        Ok(Self { content_type: content_type.clone(), content_encoding: encoding.to_owned(), length })
    }
}

fn expect(header: &str, promised: &str, found: &str) -> Result<(), ObjectError> {
    if promised == found {
        return Ok(());
    }
    let pointer = format!("/headers/{header}");
    Err(Unfit::new(pointer, format!("be `{promised}`, as promised for this upload"), format!("`{found}`")).into())
}

/// Looks before the bytes come, so that an upload in vain ends at once.
async fn promised_hashes(objects: &Objects, permit: &Permit) -> Result<Hashes, ObjectError> {
    let Permit::PutObject { name, upload_id, .. } = permit else { return Ok(Hashes::new()) };
    match objects.db.get_upload(name, *upload_id).await? {
        None => Err(ObjectError::NoSuchObject(name.clone())),
        Some(upload) if upload.finished => refused(ContentStored::Finished, permit).map(|()| upload.hashes),
        Some(upload) => Ok(upload.hashes),
    }
}

async fn write<S, E>(writer: &mut Writer<'_>, promise: &Promise, mut body: S) -> Result<Content, ObjectError>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    E: Display,
{
    let most = promise.length.unwrap_or(LARGEST);
    while let Some(piece) = body.next().await {
        let come = writer.length;
        let broke = |error| Unfit::new("/body", "come whole", format!("an end after {come} bytes: {error}"));
        let piece = piece.map_err(broke)?;
        if come + piece.len() as u64 > most {
            return Err(Unfit::new("/body", format!("have the {most} bytes of `contentLength`"), "more").into());
        }
        writer.write(piece).await?;
    }
    if let Some(promised) = promise.length.filter(|promised| *promised != writer.length) {
        let come = writer.length;
        let expected = format!("have the {promised} bytes of `contentLength`");
        return Err(Unfit::new("/body", expected, come.to_string()).into());
    }
    Ok(content(promise, writer.complete().await?))
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

async fn hold(
    objects: &Objects,
    permit: &Permit,
    blob: BlobId,
    content: Content,
    promised: &[Hashes],
) -> Result<(ContentStored, Content), ObjectError> {
    let actual = [("sha256", &content.sha256), ("sha512", &content.sha512)];
    let breaks =
        |algorithm: &str, hash: &String| promised.iter().any(|it| it.get(algorithm).is_some_and(|it| it != hash));
    let broken = actual.iter().find(|(algorithm, hash)| breaks(algorithm, hash));
    if let Some((algorithm, _)) = broken {
        return Ok((ContentStored::Differs(format!("hashes.{algorithm}")), content));
    }
    let now = objects.clock.now();
    let outcome = match permit {
        Permit::PutObject { name, upload_id, .. } => {
            objects.db.store_object_content((name, *upload_id), blob, &content, now).await?
        }
        Permit::PutArtifact { task_id, run_id, name, .. } => {
            let key = ArtifactKey { task_id: *task_id, run_id: *run_id, name: name.clone() };
            objects.db.store_artifact_content(&key, blob, &content, now).await?
        }
        Permit::GetBlob { .. } | Permit::GetArtifact { .. } => ContentStored::Missing,
    };
    Ok((outcome, content))
}

/// Content that found no holder is deleted now if that works, by the sweep if not.
async fn discard(objects: &Objects, writer: Writer<'_>) {
    let (blob, multipart_id) = (writer.blob, writer.multipart_id());
    // A file that is still open would come back when it is completed; here nobody does that any more.
    drop(writer);
    let deleted = async {
        objects.stores.chosen().delete(blob, multipart_id.as_deref()).await?;
        objects.db.forget_blobs(&[blob]).await?;
        Ok::<_, ObjectError>(())
    };
    if let Err(error) = deleted.await {
        tracing::warn!(blob.id = %blob.0, error = &error as &dyn std::error::Error, "refused content is left to the sweep");
    }
}

fn refused(outcome: ContentStored, permit: &Permit) -> Result<(), ObjectError> {
    let name = match permit {
        Permit::PutObject { name, .. } | Permit::PutArtifact { name, .. } | Permit::GetArtifact { name, .. } => name,
        Permit::GetBlob { .. } => "",
    };
    match outcome {
        ContentStored::Stored | ContentStored::Same => Ok(()),
        ContentStored::Late => Err(ObjectError::Conflict("the upload took more than a day; begin it again".to_owned())),
        ContentStored::Missing => Err(ObjectError::NoSuchObject(name.to_owned())),
        ContentStored::Finished => Err(ObjectError::Conflict(format!("object `{name}` is finished, and final"))),
        ContentStored::Differs(field) => {
            let expected = format!("have the promised `{field}`");
            Err(Unfit::new("/body", expected, "another content, of which nothing was kept").into())
        }
    }
}
