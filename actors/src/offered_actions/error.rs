//! Why there is no action to be run.

use std::time::Duration;

use protocol::{
    error::ErrorCode,
    id::{TaskGroupId, TaskId},
};

use crate::{
    actions_json::{ARTIFACT, ActionsError},
    artifacts::ArtifactError,
    queue::QueueError,
};

#[derive(Debug, thiserror::Error)]
pub enum OfferError {
    #[error("too many lists of actions are read just now; try again")]
    Busy,
    #[error("the list of actions could not be read within {n} s; try again", n = .0.as_secs())]
    Slow(Duration),
    #[error("task {task_id} is not in the group {wanted}")]
    OtherGroup { task_id: TaskId, wanted: TaskGroupId },
    #[error("what is stored of the task {0} cannot be read")]
    Unreadable(TaskId, #[source] serde_json::Error),
    #[error("{ARTIFACT} of the task {0} cannot be read: {1}")]
    Artifact(TaskId, #[source] ArtifactError),
    #[error("the scopes of the decision task cannot be expanded: {0}")]
    TooManyScopes(String),
    /// The list as a whole, in words.
    #[error("{0}")]
    Unusable(String),
    #[error("the decision task {decision_task} must have the scope {scope} to offer this action; it has not")]
    NotAllowed { decision_task: TaskId, scope: String },
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Actions(#[from] ActionsError),
}

impl OfferError {
    /// The error code of the API.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Busy | Self::Slow(_) => ErrorCode::ServiceUnavailable,
            Self::Unreadable(..) => ErrorCode::InternalServerError,
            Self::Artifact(_, error) => error.code(),
            Self::NotAllowed { .. } => ErrorCode::InsufficientScopes,
            Self::Queue(error) => error.code(),
            Self::Actions(ActionsError::NoSuchAction { .. }) => ErrorCode::ResourceNotFound,
            Self::OtherGroup { .. } | Self::TooManyScopes(_) | Self::Unusable(_) | Self::Actions(_) => {
                ErrorCode::InputError
            }
        }
    }
}
