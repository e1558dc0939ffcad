//! What is read is what was written, or its end is never sent: the reader sees that the response broke off.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use super::{
    ObjectError,
    download::{ContentStream, Stored},
};

struct Checked {
    bytes: ContentStream,
    /// Held back until it is known whether another piece follows.
    held: Option<Bytes>,
    hasher: Sha256,
    expected: String,
    blob: uuid::Uuid,
}

/// The same bytes, the last piece of which comes only when the hash of all is right.
pub(super) fn verified(bytes: ContentStream, stored: &Stored) -> ContentStream {
    let (expected, blob) = (stored.content.sha256.clone(), stored.blob.0);
    let checked = Checked { bytes, held: None, hasher: Sha256::new(), expected, blob };
    stream::try_unfold(checked, next).boxed()
}

async fn next(mut checked: Checked) -> Result<Option<(Bytes, Checked)>, ObjectError> {
    while let Some(piece) = checked.bytes.try_next().await? {
        checked.hasher.update(&piece);
        if let Some(earlier) = checked.held.replace(piece) {
            return Ok(Some((earlier, checked)));
        }
    }
    let Some(last) = checked.held.take() else { return Ok(None) };
    if hex::encode(checked.hasher.finalize_reset()) != checked.expected {
        tracing::error!(blob.id = %checked.blob, "stored content was altered in its store, it is not served");
        return Err(ObjectError::Damaged);
    }
    Ok(Some((last, checked)))
}
