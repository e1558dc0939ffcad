//! What happened: one event per change that the world is told of.

mod proto;

use std::collections::BTreeMap;

pub use proto::NotAnEvent;

use crate::{
    id::{RunId, TaskGroupId},
    state::{Priority, StorageType, UnknownWord},
    status::TaskStatus,
    time::Timestamp,
};

/// The kinds of events. Their numbers stand in the outbox and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i16)]
pub enum EventKind {
    TaskDefined = 1,
    TaskPending = 2,
    TaskRunning = 3,
    ArtifactCreated = 4,
    TaskCompleted = 5,
    TaskFailed = 6,
    TaskException = 7,
    TaskPriorityChanged = 8,
    TaskGroupResolved = 9,
    TaskGroupSealed = 10,
    TaskGroupPriorityChanged = 11,
}

impl EventKind {
    /// Every kind, in order of its number.
    pub const ALL: [Self; 11] = [
        Self::TaskDefined,
        Self::TaskPending,
        Self::TaskRunning,
        Self::ArtifactCreated,
        Self::TaskCompleted,
        Self::TaskFailed,
        Self::TaskException,
        Self::TaskPriorityChanged,
        Self::TaskGroupResolved,
        Self::TaskGroupSealed,
        Self::TaskGroupPriorityChanged,
    ];

    /// The number in the database.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind behind a number of the database.
    pub fn from_code(code: i16) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|kind| kind.code() == code);
        found.ok_or_else(|| UnknownWord::new(&code.to_string(), Self::ALL.map(Self::as_str)))
    }

    /// Its word, which is also the name of its exchange.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskDefined => "task-defined",
            Self::TaskPending => "task-pending",
            Self::TaskRunning => "task-running",
            Self::ArtifactCreated => "artifact-created",
            Self::TaskCompleted => "task-completed",
            Self::TaskFailed => "task-failed",
            Self::TaskException => "task-exception",
            Self::TaskPriorityChanged => "task-priority-changed",
            Self::TaskGroupResolved => "task-group-resolved",
            Self::TaskGroupSealed => "task-group-sealed",
            Self::TaskGroupPriorityChanged => "task-group-priority-changed",
        }
    }
}

/// Something that happened, as our own parts tell each other and as the outbox keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number of its outbox row; the same event told twice carries the same one.
    pub id: i64,
    pub occurred: Timestamp,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    pub fact: Fact,
}

/// Whom the event is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Task(Box<TaskFact>),
    Group(GroupFact),
}

/// One task changed.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFact {
    /// As of right after the change; for `Defined`, as of before the task was scheduled.
    pub status: TaskStatus,
    pub tags: BTreeMap<String, String>,
    pub routes: Vec<String>,
    pub change: TaskChange,
}

/// What changed about the task. Worker and times of a run are found in the status.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskChange {
    Defined,
    Pending { run_id: RunId },
    Running { run_id: RunId },
    ArtifactCreated { run_id: RunId, artifact: ArtifactFact },
    Completed { run_id: RunId },
    Failed { run_id: RunId },
    Exception { run_id: RunId },
    PriorityChanged { old: Priority, new: Priority },
}

/// What is told about an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactFact {
    pub storage_type: StorageType,
    pub name: String,
    pub expires: Timestamp,
    pub content_type: String,
}

/// One task group changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFact {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    pub change: GroupChange,
}

/// What changed about the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    Resolved { expires: Timestamp, sealed: Option<Timestamp> },
    Sealed { expires: Timestamp, sealed: Timestamp },
    PriorityChanged { new: Priority, tasks_affected: i64 },
}

impl Event {
    /// The kind, for the outbox and the exchange.
    pub fn kind(&self) -> EventKind {
        match &self.fact {
            Fact::Task(task) => task.change.kind(),
            Fact::Group(group) => group.change.kind(),
        }
    }
}

impl TaskChange {
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Defined => EventKind::TaskDefined,
            Self::Pending { .. } => EventKind::TaskPending,
            Self::Running { .. } => EventKind::TaskRunning,
            Self::ArtifactCreated { .. } => EventKind::ArtifactCreated,
            Self::Completed { .. } => EventKind::TaskCompleted,
            Self::Failed { .. } => EventKind::TaskFailed,
            Self::Exception { .. } => EventKind::TaskException,
            Self::PriorityChanged { .. } => EventKind::TaskPriorityChanged,
        }
    }

    /// The run it is about, if it is about one.
    pub fn run_id(&self) -> Option<RunId> {
        match self {
            Self::Defined | Self::PriorityChanged { .. } => None,
            Self::Pending { run_id }
            | Self::Running { run_id }
            | Self::ArtifactCreated { run_id, .. }
            | Self::Completed { run_id }
            | Self::Failed { run_id }
            | Self::Exception { run_id } => Some(*run_id),
        }
    }
}

impl GroupChange {
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Resolved { .. } => EventKind::TaskGroupResolved,
            Self::Sealed { .. } => EventKind::TaskGroupSealed,
            Self::PriorityChanged { .. } => EventKind::TaskGroupPriorityChanged,
        }
    }
}

#[cfg(test)]
mod tests;
