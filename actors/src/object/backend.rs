//! Where content is stored: in files of this machine, or in a bucket.

use std::{io, ops::Range, path::Path};

use bytes::{Bytes, BytesMut};
use db::blob::BlobId;
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload,
    local::LocalFileSystem, path::Path as StorePath,
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::s3::{Bucket, BucketParts};

/// How much is read from a file at a time.
const READ_SIZE: usize = 256 * 1024;
const FILE_PART: u64 = 1024 * 1024;
/// S3 takes at least 5 MiB in a part, and at most 10,000 parts.
const BUCKET_PART: u64 = 5 * 1024 * 1024;
const MOST_PARTS: u64 = 10_000;

/// The store failed; the cause is in `source`.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("the store does not have this content")]
    Missing,
    #[error("the content lies in the store `{0}`, which is not that of the settings any more")]
    OtherStore(String),
    #[error("{0}")]
    Setting(String),
    #[error("the directory of the store cannot be used")]
    Directory(#[source] io::Error),
    #[error("the store failed")]
    Store(#[source] object_store::Error),
    #[error("the store returned another content than was written")]
    Altered,
    #[error("stored content could not be read")]
    Read(#[source] io::Error),
}

/// A store of content.
#[derive(Debug)]
pub(super) enum Backend {
    /// Files on this machine, each flushed to disk before it counts.
    Local(LocalFileSystem),
    Bucket(Bucket),
}

/// Content on its way into a store, part by part. Nothing can be read before it is completed.
#[derive(Debug)]
pub(super) enum Parts {
    /// Dropped before it is completed, it leaves nothing.
    Local(Box<dyn MultipartUpload>),
    Bucket(BucketParts),
}

impl Backend {
    /// Makes the directory if it is missing.
    pub(super) async fn local(directory: &Path) -> Result<Self, BackendError> {
        tokio::fs::create_dir_all(directory).await.map_err(BackendError::Directory)?;
        let store = LocalFileSystem::new_with_prefix(directory)?;
        Ok(Self::Local(store.with_fsync(true)))
    }

    /// The id written down beside each piece of content, so that a later store knows what is not its own.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Local(_) => super::stores::LOCAL,
            Self::Bucket(bucket) => &bucket.id,
        }
    }

    /// Size of the parts in which content of this length is best sent; all but the last have to have it.
    pub(super) fn part_size(&self, length: u64) -> u64 {
        match self {
            Self::Local(_) => FILE_PART,
            Self::Bucket(_) => BUCKET_PART.max(length.div_ceil(MOST_PARTS)),
        }
    }

    /// Writes content that is small enough to be sent at once.
    pub(super) async fn put(&self, blob: BlobId, content: PutPayload) -> Result<(), BackendError> {
        self.store().put(&self.location(blob), content).await?;
        Ok(())
    }

    /// Opens content for writing in parts.
    pub(super) async fn begin(&self, blob: BlobId) -> Result<Parts, BackendError> {
        match self {
            Self::Local(store) => Ok(Parts::Local(store.put_multipart(&self.location(blob)).await?)),
            Self::Bucket(bucket) => Ok(Parts::Bucket(bucket.begin(self.location(blob)).await?)),
        }
    }

    /// Reads content, whole or in part. Also returns its whole length as the store sees it.
    pub(super) async fn read(
        &self,
        blob: BlobId,
        part: Option<Range<u64>>,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, BackendError>>), BackendError> {
        // The store refuses an empty range, which is never requested: see `download::open`.
        let options = GetOptions::new().with_range(part.map(GetRange::Bounded));
        let found = self.store().get_opts(&self.location(blob), options).await?;
        Ok((found.meta.size, bytes_of(found)))
    }

    /// Deletes content, also what a killed process left half written. What is not there is deleted.
    pub(super) async fn delete(&self, blob: BlobId, multipart: Option<&str>) -> Result<(), BackendError> {
        let location = self.location(blob);
        match self {
            Self::Local(store) => {
                delete_staged(store, &location).await?;
                match store.delete(&location).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Bucket(bucket) => bucket.delete(&location, multipart).await,
        }
    }

    fn store(&self) -> &dyn ObjectStore {
        match self {
            Self::Local(store) => store,
            Self::Bucket(bucket) => bucket.store(),
        }
    }

    /// Spread over 256 directories. No text of a client is part of it.
    fn location(&self, blob: BlobId) -> StorePath {
        let name = blob.0.simple().to_string();
        match self {
            Self::Local(_) => StorePath::from_iter([&name[..2], &name]),
            Self::Bucket(bucket) => bucket.location(&format!("{}/{name}", &name[..2])),
        }
    }
}

impl Parts {
    pub(super) async fn put(&mut self, part: PutPayload) -> Result<(), BackendError> {
        match self {
            Self::Local(upload) => Ok(upload.put_part(part).await?),
            Self::Bucket(parts) => parts.put(part).await,
        }
    }

    pub(super) async fn complete(&mut self) -> Result<(), BackendError> {
        match self {
            Self::Local(upload) => upload.complete().await.map(drop).map_err(BackendError::from),
            Self::Bucket(parts) => parts.complete().await,
        }
    }

    /// What the store calls this upload, where it keeps parts that nobody completes.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Bucket(parts) => Some(&parts.id),
        }
    }
}

/// The store writes to `<file>#1` and renames that at the end; every piece of content is written only once.
async fn delete_staged(store: &LocalFileSystem, location: &StorePath) -> Result<(), BackendError> {
    let mut staged = store.path_to_filesystem(location)?.into_os_string();
    staged.push("#1");
    match tokio::fs::remove_file(staged).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BackendError::Directory(error)),
        _ => Ok(()),
    }
}

fn bytes_of(found: GetResult) -> BoxStream<'static, Result<Bytes, BackendError>> {
    let range = found.range;
    match found.payload {
        GetResultPayload::File(file, _) => file_bytes(tokio::fs::File::from_std(file), range),
        GetResultPayload::Stream(bytes) => bytes.map_err(BackendError::Store).boxed(),
    }
}

/// In larger pieces than the store's own stream has. The file stays readable when it is deleted meanwhile.
fn file_bytes(mut file: tokio::fs::File, range: Range<u64>) -> BoxStream<'static, Result<Bytes, BackendError>> {
    file.set_max_buf_size(READ_SIZE);
    let start = async move {
        file.seek(io::SeekFrom::Start(range.start)).await.map_err(BackendError::Read)?;
        let rest = file.take(range.end - range.start);
        Ok::<_, BackendError>(stream::try_unfold(rest, |mut rest| async move {
            let mut piece = BytesMut::with_capacity(READ_SIZE);
            let read = rest.read_buf(&mut piece).await.map_err(BackendError::Read)?;
            Ok((read > 0).then(|| (piece.freeze(), rest)))
        }))
    };
    stream::once(start).try_flatten().boxed()
}

impl From<object_store::Error> for BackendError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Store(other),
        }
    }
}
