//! Where the bytes lie. One kind so far; another kind is another variant.

use std::{io, ops::Range, path::Path};

use bytes::{Bytes, BytesMut};
use db::blob::BlobId;
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, GetResult, GetResultPayload, MultipartUpload, ObjectStore, ObjectStoreExt,
    local::LocalFileSystem, path::Path as StorePath,
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// How much is read from a file at a time.
const READ_SIZE: usize = 256 * 1024;

/// The store failed; the cause is in `source`.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("the store does not have this content")]
    Missing,
    #[error("the directory of the store cannot be used")]
    Directory(#[source] io::Error),
    #[error("the store failed")]
    Store(#[source] object_store::Error),
    #[error("stored content could not be read")]
    Read(#[source] io::Error),
}

/// A store of content.
#[derive(Debug)]
pub(super) enum Backend {
    /// Files on this machine, each flushed to disk before it counts.
    Local(LocalFileSystem),
}

impl Backend {
    /// Makes the directory if it is missing.
    pub(super) async fn local(directory: &Path) -> Result<Self, BackendError> {
        tokio::fs::create_dir_all(directory).await.map_err(BackendError::Directory)?;
        let store = LocalFileSystem::new_with_prefix(directory)?;
        Ok(Self::Local(store.with_fsync(true)))
    }

    /// The id written down beside each object, so that a later store knows what is not its own.
    pub(super) const fn id(&self) -> &'static str {
        match self {
            Self::Local(_) => "local",
        }
    }

    /// Opens content for writing. Nothing can be read before it is completed; dropped before, it leaves nothing.
    pub(super) async fn write(&self, blob: BlobId) -> Result<Box<dyn MultipartUpload>, BackendError> {
        match self {
            Self::Local(store) => Ok(store.put_multipart(&place(blob)).await?),
        }
    }

    /// Reads content, whole or in part. Also answers its whole length as the store sees it.
    pub(super) async fn read(
        &self,
        blob: BlobId,
        part: Option<Range<u64>>,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, BackendError>>), BackendError> {
        // The store refuses an empty range, and so nobody asks for one: see `download::open`.
        let options = GetOptions::new().with_range(part.map(GetRange::Bounded));
        let found = match self {
            Self::Local(store) => store.get_opts(&place(blob), options).await?,
        };
        Ok((found.meta.size, bytes_of(found)))
    }

    /// Deletes content, also what a killed process left half written. What is not there is deleted.
    pub(super) async fn delete(&self, blob: BlobId) -> Result<(), BackendError> {
        match self {
            Self::Local(store) => {
                delete_staged(store, blob).await?;
                match store.delete(&place(blob)).await {
                    Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

/// Spread over 256 directories.
fn place(blob: BlobId) -> StorePath {
    let name = blob.0.simple().to_string();
    StorePath::from_iter([&name[..2], &name])
}

/// The store writes to `<file>#1` and renames that at the end; every piece of content is written only once.
async fn delete_staged(store: &LocalFileSystem, blob: BlobId) -> Result<(), BackendError> {
    let mut staged = store.path_to_filesystem(&place(blob))?.into_os_string();
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
