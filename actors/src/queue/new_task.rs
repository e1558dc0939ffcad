//! What `createTask` and `createGraph` have in common: a new task as a row, as a status, and why it was not created.

use db::queue::{Created, NewTaskRow, NewlyPending};
use protocol::{
    id::TaskId,
    state::{ReasonCreated, TaskState},
    status::{RunStatus, TaskStatus},
    task::TaskDefinition,
    time::Timestamp,
};

use super::{
    error::{QueueError, list},
    types::NewTask,
};

/// The status of a task that was new.
pub(super) fn status_of_new(task: NewTask, ready: bool, now: Timestamp) -> TaskStatus {
    let NewTask { task_id, definition } = task;
    let run = RunStatus {
        run_id: 0,
        state: TaskState::Pending,
        reason_created: ReasonCreated::Scheduled,
        reason_resolved: None,
        worker_group: None,
        worker_id: None,
        taken_until: None,
        scheduled: now,
        started: None,
        resolved: None,
    };
    TaskStatus {
        task_id,
        provisioner_id: definition.provisioner_id,
        worker_type: definition.worker_type,
        task_queue_id: definition.task_queue_id,
        scheduler_id: definition.scheduler_id,
        project_id: definition.project_id,
        task_group_id: definition.task_group_id,
        priority: definition.priority,
        deadline: definition.deadline,
        expires: definition.expires,
        retries_left: definition.retries,
        state: if ready { TaskState::Pending } else { TaskState::Unscheduled },
        runs: if ready { vec![run] } else { vec![] },
    }
}

/// Why a task was not created, or nothing when it is there as asked.
pub(super) fn creation_error(id: TaskId, definition: &TaskDefinition, outcome: &Created) -> Option<QueueError> {
    let group = definition.task_group_id;
    match outcome {
        Created::New { .. } | Created::Same => None,
        Created::OtherDefinition => Some(QueueError::Conflict(format!(
            "taskId {id} is already used by another task: the definitions differ, or its priority was changed since"
        ))),
        Created::OtherScheduler { scheduler_id } => Some(QueueError::Conflict(format!(
            "taskGroupId {group} belongs to schedulerId `{scheduler_id}`, and the task has `{}`; use that schedulerId or \
             another taskGroupId",
            definition.scheduler_id
        ))),
        Created::GroupSealed => {
            Some(QueueError::Conflict(format!("taskGroupId {group} is sealed and takes no more tasks")))
        }
        Created::MissingDependencies(ids) => Some(QueueError::Field {
            field: "dependencies".to_owned(),
            expected: "name tasks that exist (missingTaskDependencies): create them first".to_owned(),
            got: list(ids),
        }),
        Created::ExpiringDependencies(ids) => Some(QueueError::Field {
            field: "dependencies".to_owned(),
            expected: "name tasks that do not expire before this task's deadline (expiringTaskDependencies)".to_owned(),
            got: list(ids),
        }),
    }
}

/// The columns of a task to be created.
pub(super) fn row(task: &NewTask) -> Result<NewTaskRow, QueueError> {
    let definition = &task.definition;
    let body = serde_json::to_string(definition)
        .map_err(|error| QueueError::Input(format!("the definition cannot be written as JSON: {error}")))?;
    Ok(NewTaskRow {
        task_id: task.task_id,
        task_group_id: definition.task_group_id,
        task_queue_id: definition.task_queue_id.clone(),
        scheduler_id: definition.scheduler_id.clone(),
        project_id: definition.project_id.clone(),
        priority: definition.priority,
        retries: definition.retries,
        requires: definition.requires,
        deadline: definition.deadline,
        expires: definition.expires,
        dependencies: definition.dependencies.clone(),
        has_routes: !definition.routes.is_empty(),
        body,
        trace: base::telemetry::traceparent(),
    })
}

/// A single task that became pending, for the notification.
pub(super) fn became_pending(status: &TaskStatus) -> NewlyPending {
    NewlyPending { task_queue_id: status.task_queue_id.clone(), count: 1 }
}

impl NewTask {
    /// Its columns.
    pub(crate) fn row(&self) -> Result<NewTaskRow, QueueError> {
        row(self)
    }

    /// Why it was not created, or nothing when it is there as asked.
    pub(crate) fn creation_error(&self, outcome: &Created) -> Option<QueueError> {
        creation_error(self.task_id, &self.definition, outcome)
    }
}
