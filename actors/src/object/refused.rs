//! Why received content was not kept.

use db::object::ContentStored;

use super::{ObjectError, link::Permit};
use crate::FieldError;

fn finished(permit: &Permit) -> String {
    match permit {
        Permit::PutArtifact { task_id, run_id, name, .. } | Permit::GetArtifact { task_id, run_id, name } => {
            format!("run {run_id} of task {task_id} is resolved, and the content that artifact `{name}` has is final")
        }
        Permit::PutObject { name, .. } => format!("object `{name}` is finished, and final"),
        Permit::GetBlob { .. } => "stored content is final".to_owned(),
    }
}

/// The error for content that was not attached; none where the same content was there before.
pub(super) fn refused(outcome: ContentStored, permit: &Permit) -> Result<(), ObjectError> {
    let name = match permit {
        Permit::PutObject { name, .. } | Permit::PutArtifact { name, .. } | Permit::GetArtifact { name, .. } => name,
        Permit::GetBlob { .. } => "",
    };
    match outcome {
        ContentStored::Stored | ContentStored::Same => Ok(()),
        ContentStored::Late => Err(ObjectError::Conflict("the upload took more than a day; begin it again".to_owned())),
        ContentStored::Missing => Err(ObjectError::NoSuchObject(name.to_owned())),
        ContentStored::Finished => Err(ObjectError::Conflict(finished(permit))),
        ContentStored::Differs(field) => {
            let expected = format!("have the promised `{field}`");
            Err(FieldError::new("/body", expected, "another content, of which nothing was kept").into())
        }
    }
}
