//! What a worker reports of its run.

use protocol::{
    id::{RunId, TaskId},
    proto,
    state::{ReasonResolved, TaskState},
};

use crate::kit::rpc::{InvalidMessage, Proto, proto_message};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    Completed,
    Failed,
    /// One of the five reasons a worker may give.
    Exception(ReasonResolved),
}

impl Report {
    /// How it resolves the run.
    pub const fn resolution(self) -> (TaskState, ReasonResolved) {
        match self {
            Self::Completed => (TaskState::Completed, ReasonResolved::Completed),
            Self::Failed => (TaskState::Failed, ReasonResolved::Failed),
            Self::Exception(reason) => (TaskState::Exception, reason),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct ReportRequest {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub report: Report,
    /// A run that has an unfinished upload is not completed, whatever the settings say.
    pub require_complete_uploads: bool,
}
proto_message!(ReportRequest = ReportRequest { task_id, run_id, report, require_complete_uploads });

impl ReportRequest {
    /// Whether uploads must be complete is left to the settings.
    pub const fn new(task_id: TaskId, run_id: RunId, report: Report) -> Self {
        Self { task_id, run_id, report, require_complete_uploads: false }
    }
}

proto_message!(@required Report = Report);

impl Proto<proto::Report> for Report {
    fn into_proto(self) -> proto::Report {
        let (outcome, reason) = self.resolution();
        proto::Report { outcome: outcome.into_proto(), reason: reason.into_proto() }
    }

    fn from_proto(message: proto::Report) -> Result<Self, InvalidMessage> {
        match TaskState::from_proto(message.outcome)? {
            TaskState::Completed => Ok(Self::Completed),
            TaskState::Failed => Ok(Self::Failed),
            TaskState::Exception => Ok(Self::Exception(ReasonResolved::from_proto(message.reason)?)),
            other => Err(InvalidMessage::new(format!("{other} is no resolved state"))),
        }
    }
}
