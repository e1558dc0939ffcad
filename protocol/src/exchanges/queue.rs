//! The queue's exchanges.

use super::{ExchangeDeclaration, KeyField, ServiceExchanges, schema};
use crate::event::EventKind;

/// The queue's exchanges, with their documentation.
pub const SERVICE: ServiceExchanges = ServiceExchanges {
    service: "queue",
    title: "Queue messages",
    description: "Changes of tasks. Messages may repeat, and come in no fixed order across exchanges. \
                  Each is also published under the routes of its task, with `route.` before them.",
    exchanges: EXCHANGES,
};

pub const TASK_PENDING: &ExchangeDeclaration = &EXCHANGES[1];
pub const TASK_COMPLETED: &ExchangeDeclaration = &EXCHANGES[4];
pub const TASK_EXCEPTION: &ExchangeDeclaration = &EXCHANGES[6];

pub(super) const EXCHANGES: &[ExchangeDeclaration] = &[
    ExchangeDeclaration {
        description: "A task was created. It may still wait for its dependencies.",
        ..task(EventKind::TaskDefined, "taskDefined", "Task defined", NO_RUN)
    },
    ExchangeDeclaration {
        description: "A run waits for a worker.",
        ..task(EventKind::TaskPending, "taskPending", "Task pending", RUN)
    },
    ExchangeDeclaration {
        description: "A worker claimed a run.",
        ..task(EventKind::TaskRunning, "taskRunning", "Task running", RUN_AND_WORKER)
    },
    ExchangeDeclaration {
        description: "A run has a new artifact that can be fetched.",
        ..task(EventKind::ArtifactCreated, "artifactCreated", "Artifact created", RUN_AND_WORKER)
    },
    ExchangeDeclaration {
        description: "A run was resolved as completed.",
        ..task(EventKind::TaskCompleted, "taskCompleted", "Task completed", RUN_AND_WORKER)
    },
    ExchangeDeclaration {
        description: "A run was resolved as failed.",
        ..task(EventKind::TaskFailed, "taskFailed", "Task failed", NO_RUN)
    },
    ExchangeDeclaration {
        description: "A run was resolved as exception. The status shows whether the task got another one.",
        ..task(EventKind::TaskException, "taskException", "Task exception", NO_RUN)
    },
    ExchangeDeclaration {
        description: "No task of the group is unresolved. Comes again after every later resolution.",
        ..group(EventKind::TaskGroupResolved, "taskGroupResolved", "Task group resolved")
    },
    ExchangeDeclaration {
        description: "The group takes no more tasks.",
        ..group(EventKind::TaskGroupSealed, "taskGroupSealed", "Task group sealed")
    },
    ExchangeDeclaration {
        description: "A task was moved to another priority.",
        ..task(EventKind::TaskPriorityChanged, "taskPriorityChanged", "Task priority changed", NO_RUN)
    },
    ExchangeDeclaration {
        description: "The tasks of a group were moved to another priority.",
        ..group(EventKind::TaskGroupPriorityChanged, "taskGroupPriorityChanged", "Task group priority changed")
    },
];

const fn task(
    kind: EventKind,
    client_name: &'static str,
    title: &'static str,
    key: &'static [KeyField],
) -> ExchangeDeclaration {
    ExchangeDeclaration {
        service: "queue",
        name: kind.as_str(),
        client_name,
        title,
        description: "",
        key,
        schema: schema(kind),
        cc: true,
    }
}

const fn group(kind: EventKind, client_name: &'static str, title: &'static str) -> ExchangeDeclaration {
    ExchangeDeclaration { cc: false, ..task(kind, client_name, title, GROUP) }
}

const NO_RUN: &[KeyField] = &task_key(false, false);
const RUN: &[KeyField] = &task_key(true, false);
const RUN_AND_WORKER: &[KeyField] = &task_key(true, true);

/// Longest id of a worker, a group of workers, a provisioner, a scheduler.
const ID: usize = 38;
const SLUGID: usize = 22;

const fn task_key(run: bool, worker: bool) -> [KeyField; 10] {
    [
        KeyField::primary(),
        KeyField::required("taskId", SLUGID, "The task."),
        KeyField { required: run, ..KeyField::optional("runId", 3, "The run; `_` if it is about none.") },
        KeyField { required: worker, ..KeyField::optional("workerGroup", ID, "Group of the run's worker, or `_`.") },
        KeyField { required: worker, ..KeyField::optional("workerId", ID, "The run's worker, or `_`.") },
        KeyField::required("provisionerId", ID, "First half of the task queue id."),
        KeyField::required("workerType", ID, "Second half of the task queue id."),
        KeyField::required("schedulerId", ID, "Who schedules the task's group."),
        KeyField::required("taskGroupId", SLUGID, "The task's group."),
        KeyField::reserved(),
    ]
}

const GROUP: &[KeyField] = &[
    KeyField::primary(),
    KeyField::required("taskGroupId", SLUGID, "The group."),
    KeyField::required("schedulerId", ID, "Who schedules the group."),
    KeyField::reserved(),
];
