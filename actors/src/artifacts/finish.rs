//! `finishArtifact`.

use db::artifact::{ArtifactFinished, ArtifactKey};
use protocol::id::UploadId;

use super::{Answer, ArtifactError, Artifacts, object_name};

pub(super) async fn run(artifacts: &Artifacts, key: &ArtifactKey, upload_id: UploadId) -> Answer<()> {
    let object = object_name(key);
    let trace = base::telemetry::traceparent();
    let now = artifacts.clock.now();
    let outcome = artifacts.db.finish_artifact(key, (&object, upload_id), trace.as_deref(), now).await?;
    let name = &key.name;
    match outcome {
        ArtifactFinished::Finished => Ok(()),
        ArtifactFinished::Missing => Err(ArtifactError::NoSuchArtifact(name.clone())),
        ArtifactFinished::NotObject => {
            Err(ArtifactError::Input(format!("artifact `{name}` is not of storage type `object`; it needs no finish")))
        }
        ArtifactFinished::OtherUpload => {
            Err(ArtifactError::Input(format!("`uploadId` is not that of the upload of artifact `{name}`")))
        }
        ArtifactFinished::Unfinished => Err(ArtifactError::Input(format!(
            "the object service has no finished object `{object}` of this `uploadId`; finish the upload first"
        ))),
    }
}
