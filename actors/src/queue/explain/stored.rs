use protocol::{id::TaskId, task::TaskDefinition};

use crate::queue::error::QueueError;

/// Only what this program wrote can be there.
pub(super) fn definition(id: TaskId, text: &str) -> Result<TaskDefinition, QueueError> {
    serde_json::from_str(text).map_err(|error| {
        tracing::error!(task.id = %id, %error, "cannot read stored definition");
        QueueError::Conflict(format!("the stored definition of task {id} cannot be read"))
    })
}
