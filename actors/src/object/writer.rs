//! Takes bytes as they come, counts and hashes them, and hands them to the store in larger parts.

use bytes::Bytes;
use db::blob::BlobId;
use object_store::{MultipartUpload, PutPayload};
use sha2::{Digest, Sha256, Sha512};

use super::backend::{Backend, BackendError};

/// Size of a part. An S3 store would want at least 5 MiB.
const PART_SIZE: usize = 1024 * 1024;

/// Content being written. Dropped before it is completed, it leaves nothing.
pub(super) struct Writer {
    upload: Box<dyn MultipartUpload>,
    waiting: Vec<Bytes>,
    waiting_size: usize,
    pub(super) length: u64,
    sha256: Sha256,
    sha512: Sha512,
}

/// What was written.
pub(super) struct Written {
    pub(super) length: u64,
    pub(super) sha256: String,
    pub(super) sha512: String,
}

impl Writer {
    pub(super) async fn open(backend: &Backend, blob: BlobId) -> Result<Self, BackendError> {
        Ok(Self {
            upload: backend.write(blob).await?,
            waiting: Vec::new(),
            waiting_size: 0,
            length: 0,
            sha256: Sha256::new(),
            sha512: Sha512::new(),
        })
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), BackendError> {
        self.length += bytes.len() as u64;
        self.sha256.update(&bytes);
        self.sha512.update(&bytes);
        self.waiting_size += bytes.len();
        self.waiting.push(bytes);
        if self.waiting_size >= PART_SIZE {
            self.flush().await?;
        }
        Ok(())
    }

    /// From here on the content is whole, and on disk.
    pub(super) async fn complete(mut self) -> Result<Written, BackendError> {
        self.flush().await?;
        self.upload.complete().await?;
        Ok(Written { length: self.length, sha256: hex(&self.sha256.finalize()), sha512: hex(&self.sha512.finalize()) })
    }

    async fn flush(&mut self) -> Result<(), BackendError> {
        self.waiting_size = 0;
        let part: PutPayload = self.waiting.drain(..).collect();
        Ok(self.upload.put_part(part).await?)
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
