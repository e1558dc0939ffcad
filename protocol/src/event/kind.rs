use crate::state::UnknownWord;

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
    ClientCreated = 12,
    ClientUpdated = 13,
    ClientDeleted = 14,
    RoleCreated = 15,
    RoleUpdated = 16,
    RoleDeleted = 17,
    /// Of a service whose exchanges and messages are its own: only the service knows what it means.
    Service = 18,
}

impl EventKind {
    /// Every kind, in order of its number.
    pub const ALL: [Self; 18] = [
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
        Self::ClientCreated,
        Self::ClientUpdated,
        Self::ClientDeleted,
        Self::RoleCreated,
        Self::RoleUpdated,
        Self::RoleDeleted,
        Self::Service,
    ];

    /// The number in the database.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The kind of a number of the database.
    pub fn from_code(code: i16) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|kind| kind.code() == code);
        found.ok_or_else(|| UnknownWord::new(&code.to_string(), Self::ALL.map(Self::as_str)))
    }

    /// Its name, which is also the name of its exchange, if all events of this kind have the same one.
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
            Self::ClientCreated => "client-created",
            Self::ClientUpdated => "client-updated",
            Self::ClientDeleted => "client-deleted",
            Self::RoleCreated => "role-created",
            Self::RoleUpdated => "role-updated",
            Self::RoleDeleted => "role-deleted",
            Self::Service => "service-event",
        }
    }
}
