//! `finishArtifact`.

use db::artifact::{ArtifactFinished, ArtifactKey};
use protocol::id::UploadId;

use super::{ArtifactError, Artifacts, Result, object_name};
use crate::FieldError;

pub(super) async fn run(artifacts: &Artifacts, key: &ArtifactKey, upload_id: UploadId) -> Result<()> {
    let object = object_name(key);
    let trace = base::telemetry::traceparent();
    let now = artifacts.clock.now();
    let outcome = artifacts.db.finish_artifact(key, (&object, upload_id), trace.as_deref(), now).await?;
    let name = &key.name;
    match outcome {
        ArtifactFinished::Finished => Ok(()),
        ArtifactFinished::Missing => Err(ArtifactError::NoSuchArtifact(name.clone())),
        ArtifactFinished::NotObject => Err(FieldError::new(
            "/params/name",
            "name an artifact of storage type `object`",
            "one that needs no finish",
        )
        .into()),
        ArtifactFinished::OtherUpload => {
            let expected = format!("be that of the upload of artifact `{name}`");
            Err(FieldError::new("/payload/uploadId", expected, format!("`{upload_id}`")).into())
        }
        ArtifactFinished::Unfinished => {
            let expected = format!("be that of a finished object `{object}`; finish the upload first");
            Err(FieldError::new("/payload/uploadId", expected, format!("`{upload_id}`")).into())
        }
    }
}
