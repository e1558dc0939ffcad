//! `finishUpload`: the last step of an upload. From here on the object is final.

use db::object::{Hashes, UploadFinished};
use protocol::id::UploadId;

use super::{ObjectError, Objects};
use crate::FieldError;

#[derive(Debug, Clone)]
pub struct FinishUpload {
    pub name: String,
    pub project_id: String,
    pub upload_id: UploadId,
    /// In addition to those known since the creation.
    pub hashes: Hashes,
}

pub(super) async fn run(objects: &Objects, upload: FinishUpload) -> Result<(), ObjectError> {
    let FinishUpload { name, project_id, upload_id, hashes } = upload;
    let outcome = objects.db.finish_upload((&name, upload_id), &project_id, &hashes, objects.clock.now()).await?;
    let conflict = match outcome {
        UploadFinished::Finished => return Ok(()),
        UploadFinished::Missing => return Err(ObjectError::NoSuchObject(name)),
        UploadFinished::Empty => format!("no whole content has been uploaded for object `{name}`"),
        UploadFinished::Closed => format!("object `{name}` is finished; `hashes` cannot be added any more"),
        UploadFinished::Differs(field) if field == "projectId" => {
            let expected = format!("be that of the upload of object `{name}`");
            return Err(FieldError::new("/payload/projectId", expected, format!("`{project_id}`")).into());
        }
        UploadFinished::Differs(field) => format!("the upload of object `{name}` was created with another `{field}`"),
        UploadFinished::Altered(field) => {
            format!("the uploaded content of `{name}` does not have this `{field}`; it was dropped, upload it again")
        }
    };
    Err(ObjectError::Conflict(conflict))
}
