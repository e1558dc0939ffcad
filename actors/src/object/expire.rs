//! Expiry: first the row that refers to the content is deleted, then the content, then the row of the content itself.
//! A crash between two of these leaves work for the next sweep, never content without a row.

use db::blob::{BlobId, UnheldContent};

use super::{BackendError, ObjectError, Objects};

/// Most rows of one kind in one step.
const STEP: i32 = 500;

/// What one step of the sweep deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub artifacts: i32,
    pub objects: i32,
    pub blobs: usize,
}

impl Swept {
    /// Nothing was due.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) async fn run(objects: &Objects) -> Result<Swept, ObjectError> {
    let now = objects.clock.now();
    let swept = Swept {
        artifacts: objects.db.expire_artifacts(STEP, now).await?,
        objects: objects.db.expire_objects(STEP, now).await?,
        blobs: sweep_blobs(objects).await?,
    };
    Ok(swept)
}

/// One piece of content that cannot be deleted does not hold up the others.
async fn sweep_blobs(objects: &Objects) -> Result<usize, ObjectError> {
    let unheld = objects.db.unheld_content(&objects.stores.ids(), STEP, objects.clock.now()).await?;
    let mut deleted = Vec::with_capacity(unheld.len());
    for UnheldContent { blob_id, store_id, multipart_id } in unheld {
        match delete(objects, blob_id, &store_id, multipart_id.as_deref()).await {
            Ok(()) => deleted.push(blob_id),
            Err(error) => {
                tracing::warn!(blob.id = %blob_id.0, error = &error as &dyn std::error::Error, "expired content could not be deleted");
            }
        }
    }
    objects.db.delete_blobs(&deleted).await?;
    Ok(deleted.len())
}

async fn delete(
    objects: &Objects,
    blob: BlobId,
    store_id: &str,
    multipart_id: Option<&str>,
) -> Result<(), BackendError> {
    objects.stores.of(store_id)?.delete(blob, multipart_id).await
}
