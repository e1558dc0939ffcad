//! Takes bytes as they come, counts and hashes them, and hands them to the store in larger parts.

use bytes::{Bytes, BytesMut};
use db::blob::BlobId;
use md5::Md5;
use sha2::{Digest, Sha256, Sha512};

use super::{ObjectError, Objects, backend::Parts};

/// Content being written. It exists once it is completed; what a dropped writer leaves, the sweep deletes.
pub(super) struct Writer<'o> {
    objects: &'o Objects,
    pub(super) blob: BlobId,
    /// Opened when there is more than one part.
    parts: Option<Parts>,
    part_size: u64,
    waiting: BytesMut,
    pub(super) length: u64,
    sha256: Sha256,
    sha512: Sha512,
    /// Only where it is asked for: nobody should rely on it.
    md5: Option<Md5>,
}

/// What was written.
pub(super) struct Written {
    pub(super) length: u64,
    pub(super) sha256: String,
    pub(super) sha512: String,
    pub(super) md5: Option<String>,
}

impl<'o> Writer<'o> {
    /// `longest`: no more will come.
    pub(super) fn new(objects: &'o Objects, blob: BlobId, longest: u64, md5: bool) -> Self {
        Self {
            objects,
            blob,
            parts: None,
            part_size: objects.stores.chosen().part_size(longest),
            waiting: BytesMut::new(),
            length: 0,
            sha256: Sha256::new(),
            sha512: Sha512::new(),
            md5: md5.then(Md5::new),
        }
    }

    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<(), ObjectError> {
        self.length += bytes.len() as u64;
        self.sha256.update(&bytes);
        self.sha512.update(&bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(&bytes);
        }
        self.waiting.extend_from_slice(&bytes);
        // All parts but the last have the same size: some stores insist on it.
        let size = usize::try_from(self.part_size).unwrap_or(usize::MAX);
        while self.waiting.len() > size {
            let part = self.waiting.split_to(size).freeze();
            self.send(part).await?;
        }
        Ok(())
    }

    /// From here on the content is whole, and the store has it for good.
    pub(super) async fn complete(&mut self) -> Result<Written, ObjectError> {
        let last = self.waiting.split().freeze();
        if self.parts.is_none() {
            self.objects.stores.chosen().put(self.blob, last.into()).await?;
        } else {
            self.send(last).await?;
        }
        if let Some(parts) = &mut self.parts {
            parts.complete().await?;
        }
        let (sha256, sha512) = (self.sha256.finalize_reset(), self.sha512.finalize_reset());
        let md5 = self.md5.take().map(|md5| hex::encode(md5.finalize()));
        Ok(Written { length: self.length, sha256: hex::encode(sha256), sha512: hex::encode(sha512), md5 })
    }

    /// What the store calls the upload, for whoever deletes what came of it.
    pub(super) fn multipart_id(&self) -> Option<String> {
        self.parts.as_ref().and_then(Parts::id).map(str::to_owned)
    }

    async fn send(&mut self, part: Bytes) -> Result<(), ObjectError> {
        if self.parts.is_none() {
            let parts = self.objects.stores.chosen().begin(self.blob).await?;
            if let Some(id) = parts.id() {
                self.objects.db.set_multipart_id(self.blob, id).await?;
            }
            self.parts = Some(parts);
        }
        if let Some(parts) = &mut self.parts {
            parts.put(part.into()).await?;
        }
        Ok(())
    }
}
