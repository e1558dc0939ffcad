//! From protobuf to events.

use chrono::{DateTime, Utc};

use super::EventDecodeError;
use crate::{
    event::{
        ArtifactInfo, AuthChange, ClientEvent, EventKind, EventPayload, GroupChange, GroupEvent, RoleEvent,
        ServiceEvent, TaskChange, TaskEvent,
    },
    id::{RunId, TaskQueueId},
    proto as wire,
    state::{Priority, ReasonCreated, ReasonResolved, StorageType, TaskState},
    status::{RunStatus, TaskStatus},
    time::Timestamp,
};

pub(super) fn payload(message: wire::TaskEvent) -> Result<EventPayload, EventDecodeError> {
    let kind = EventKind::from_code(small(message.kind)?)?;
    if kind == EventKind::Service {
        return service_event(message).map(EventPayload::Service);
    }
    match (AuthChange::of(kind), &message.group) {
        (Some(change), _) => auth_event(kind, change, message),
        (None, Some(group)) => Ok(EventPayload::Group(group_event(kind, group, &message)?)),
        (None, None) => task_event(kind, message),
    }
}

fn service_event(message: wire::TaskEvent) -> Result<ServiceEvent, EventDecodeError> {
    let event = message.service_event.ok_or(EventDecodeError::Missing("service_event"))?;
    let wire::ServiceEvent { service, exchange, routing_key, cc, body } = event;
    Ok(ServiceEvent { service, exchange, routing_key, cc, body })
}

fn auth_event(kind: EventKind, change: AuthChange, message: wire::TaskEvent) -> Result<EventPayload, EventDecodeError> {
    Ok(match kind {
        EventKind::ClientCreated | EventKind::ClientUpdated | EventKind::ClientDeleted => {
            let client_id = message.client_id.ok_or(EventDecodeError::Missing("client_id"))?;
            EventPayload::Client(ClientEvent { client_id, change })
        }
        _ => EventPayload::Role(RoleEvent {
            role_id: message.role_id.ok_or(EventDecodeError::Missing("role_id"))?,
            change,
        }),
    })
}

fn task_event(kind: EventKind, message: wire::TaskEvent) -> Result<EventPayload, EventDecodeError> {
    let change = change(kind, &message)?;
    Ok(EventPayload::Task(Box::new(TaskEvent {
        status: status(message.status.ok_or(EventDecodeError::Missing("status"))?)?,
        tags: message.tags,
        routes: message.routes,
        change,
    })))
}

fn change(kind: EventKind, message: &wire::TaskEvent) -> Result<TaskChange, EventDecodeError> {
    let run_id = || small(message.run_id.ok_or(EventDecodeError::Missing("run_id"))?);
    Ok(match kind {
        EventKind::TaskDefined => TaskChange::Defined,
        EventKind::TaskPending => TaskChange::Pending { run_id: run_id()? },
        EventKind::TaskRunning => TaskChange::Running { run_id: run_id()? },
        EventKind::ArtifactCreated => {
            let artifact = message.artifact.as_ref().ok_or(EventDecodeError::Missing("artifact"))?;
            TaskChange::ArtifactCreated { run_id: run_id()?, artifact: artifact_fact(artifact)? }
        }
        EventKind::TaskCompleted => TaskChange::Completed { run_id: run_id()? },
        EventKind::TaskFailed => TaskChange::Failed { run_id: run_id()? },
        EventKind::TaskException => TaskChange::Exception { run_id: run_id()? },
        EventKind::TaskPriorityChanged => {
            let (old, new) = (priority(message.old_priority)?, priority(message.new_priority)?);
            TaskChange::PriorityChanged { old, new }
        }
        _ => return Err(EventDecodeError::Missing("group")),
    })
}

fn group_event(
    kind: EventKind,
    group: &wire::TaskGroup,
    message: &wire::TaskEvent,
) -> Result<GroupEvent, EventDecodeError> {
    let expires = time(group.expires_ms)?;
    let sealed = optional(group.sealed_ms)?;
    let change = match kind {
        EventKind::TaskGroupResolved => GroupChange::Resolved { expires, sealed },
        EventKind::TaskGroupSealed => {
            GroupChange::Sealed { expires, sealed: sealed.ok_or(EventDecodeError::Missing("sealed_ms"))? }
        }
        EventKind::TaskGroupPriorityChanged => {
            GroupChange::PriorityChanged { new: priority(message.new_priority)?, tasks_affected: group.tasks_affected }
        }
        _ => return Err(EventDecodeError::Missing("status")),
    };
    let task_group_id = group.task_group_id.parse()?;
    Ok(GroupEvent { task_group_id, scheduler_id: group.scheduler_id.clone(), change })
}

impl TryFrom<wire::TaskStatus> for TaskStatus {
    type Error = EventDecodeError;

    fn try_from(message: wire::TaskStatus) -> Result<Self, EventDecodeError> {
        status(message)
    }
}

fn status(status: wire::TaskStatus) -> Result<TaskStatus, EventDecodeError> {
    let task_queue_id = TaskQueueId(status.task_queue_id);
    let (provisioner_id, worker_type) = task_queue_id.parts();
    Ok(TaskStatus {
        task_id: status.task_id.parse()?,
        provisioner_id: provisioner_id.to_owned(),
        worker_type: worker_type.to_owned(),
        scheduler_id: status.scheduler_id,
        project_id: status.project_id,
        task_group_id: status.task_group_id.parse()?,
        priority: priority(status.priority)?,
        deadline: time(status.deadline_ms)?,
        expires: time(status.expires_ms)?,
        retries_left: small(status.retries_left)?,
        state: TaskState::from_code(small(status.state)?)?,
        runs: status.runs.into_iter().map(run).collect::<Result<_, _>>()?,
        task_queue_id,
    })
}

fn run(run: wire::Run) -> Result<RunStatus, EventDecodeError> {
    let reason_resolved =
        run.reason_resolved.map(|code| Ok::<_, EventDecodeError>(ReasonResolved::from_code(small(code)?)?));
    Ok(RunStatus {
        run_id: small(run.run_id)?,
        state: TaskState::from_code(small(run.state)?)?,
        reason_created: ReasonCreated::from_code(small(run.reason_created)?)?,
        reason_resolved: reason_resolved.transpose()?,
        worker_group: run.worker_group,
        worker_id: run.worker_id,
        taken_until: optional(run.taken_until_ms)?,
        scheduled: time(run.scheduled_ms)?,
        started: optional(run.started_ms)?,
        resolved: optional(run.resolved_ms)?,
    })
}

fn artifact_fact(artifact: &wire::Artifact) -> Result<ArtifactInfo, EventDecodeError> {
    Ok(ArtifactInfo {
        storage_type: StorageType::from_code(small(artifact.storage_type)?)?,
        name: artifact.name.clone(),
        expires: time(artifact.expires_ms)?,
        content_type: artifact.content_type.clone(),
    })
}

fn priority(code: i32) -> Result<Priority, EventDecodeError> {
    Ok(Priority::from_code(small(code)?)?)
}

fn small(number: i32) -> Result<RunId, EventDecodeError> {
    number.try_into().map_err(|_| EventDecodeError::OutOfRange(number.into()))
}

pub(super) fn time(ms: i64) -> Result<Timestamp, EventDecodeError> {
    DateTime::<Utc>::from_timestamp_millis(ms).ok_or(EventDecodeError::OutOfRange(ms))
}

fn optional(ms: Option<i64>) -> Result<Option<Timestamp>, EventDecodeError> {
    ms.map(time).transpose()
}
