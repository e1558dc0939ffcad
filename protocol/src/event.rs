//! Events: one for each change that is published.

mod kind;
mod proto;

use std::collections::BTreeMap;

pub use kind::EventKind;
pub use proto::EventDecodeError;

use crate::{
    id::{RunId, TaskGroupId},
    state::{Priority, StorageType},
    status::TaskStatus,
    time::Timestamp,
};

/// An event as it is in the outbox and on the internal exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Id of its outbox row; an event that is delivered twice has the same id both times.
    pub id: i64,
    pub occurred: Timestamp,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    pub payload: EventPayload,
}

/// What the event is about.
#[derive(Debug, Clone, PartialEq)]
pub enum EventPayload {
    Task(Box<TaskEvent>),
    Group(GroupEvent),
    Client(ClientEvent),
    Role(RoleEvent),
    Service(ServiceEvent),
}

/// One task changed.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskEvent {
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
    ArtifactCreated { run_id: RunId, artifact: ArtifactInfo },
    Completed { run_id: RunId },
    Failed { run_id: RunId },
    Exception { run_id: RunId },
    PriorityChanged { old: Priority, new: Priority },
}

/// An artifact, as far as its event shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactInfo {
    pub storage_type: StorageType,
    pub name: String,
    pub expires: Timestamp,
    pub content_type: String,
}

/// One task group changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEvent {
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

/// One client of auth changed. Messages of these events contain its name only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientEvent {
    pub client_id: String,
    pub change: AuthChange,
}

/// One role changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleEvent {
    pub role_id: String,
    pub change: AuthChange,
}

/// An event of a service that has declared an exchange for it; the message is stored as it will be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    pub service: String,
    /// The exchange below the service's prefix, like `worker-requested`.
    pub exchange: String,
    pub routing_key: String,
    /// Further routing keys.
    pub cc: Vec<String>,
    /// JSON.
    pub body: String,
}

/// What changed about a client or a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthChange {
    Created,
    /// Also enabled, disabled, or given a new access token.
    Updated,
    Deleted,
}

impl Event {
    /// The kind, for the outbox and the exchange.
    pub fn kind(&self) -> EventKind {
        match &self.payload {
            EventPayload::Task(task) => task.change.kind(),
            EventPayload::Group(group) => group.change.kind(),
            EventPayload::Client(client) => client.kind(),
            EventPayload::Role(role) => role.kind(),
            EventPayload::Service(_) => EventKind::Service,
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

impl ClientEvent {
    pub fn kind(&self) -> EventKind {
        match self.change {
            AuthChange::Created => EventKind::ClientCreated,
            AuthChange::Updated => EventKind::ClientUpdated,
            AuthChange::Deleted => EventKind::ClientDeleted,
        }
    }
}

impl RoleEvent {
    pub fn kind(&self) -> EventKind {
        match self.change {
            AuthChange::Created => EventKind::RoleCreated,
            AuthChange::Updated => EventKind::RoleUpdated,
            AuthChange::Deleted => EventKind::RoleDeleted,
        }
    }
}

impl AuthChange {
    /// The change that a kind of event is about; `None` for one that is about neither a client nor a role.
    pub const fn of(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::ClientCreated | EventKind::RoleCreated => Some(Self::Created),
            EventKind::ClientUpdated | EventKind::RoleUpdated => Some(Self::Updated),
            EventKind::ClientDeleted | EventKind::RoleDeleted => Some(Self::Deleted),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
