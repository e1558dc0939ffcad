//! Events as protobuf: the form they have on our own exchanges.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prost::Message as _;

use super::{ArtifactFact, Event, EventKind, Fact, GroupChange, GroupFact, TaskChange, TaskFact};
use crate::{
    id::{NotASlug, RunId, TaskQueueId},
    state::{Priority, ReasonCreated, ReasonResolved, StorageType, TaskState, UnknownWord},
    status::{RunStatus, TaskStatus},
    time::Timestamp,
};

/// What the build makes of `proto/drover/v1/event.proto`.
#[allow(clippy::pedantic, unreachable_pub, unused_qualifications)]
mod wire {
    include!(concat!(env!("OUT_DIR"), "/drover.v1.rs"));
}

/// Why bytes are no event of ours.
#[derive(Debug, thiserror::Error)]
pub enum NotAnEvent {
    #[error("the bytes are no protobuf message of an event")]
    Bytes(#[from] prost::DecodeError),
    #[error("the event lacks its `{0}`")]
    Missing(&'static str),
    #[error("the event holds a number that stands for nothing")]
    Unknown(#[from] UnknownWord),
    #[error("the event holds an id that is none")]
    Id(#[from] NotASlug),
    #[error("{0} is no number of this kind, or no point in time")]
    OutOfRange(i64),
}

impl Event {
    /// The bytes to send.
    pub fn to_proto(&self) -> Vec<u8> {
        let mut message = wire::TaskEvent {
            id: self.id,
            kind: self.kind().code().into(),
            occurred_ms: self.occurred.timestamp_millis(),
            traceparent: self.traceparent.clone().unwrap_or_default(),
            ..wire::TaskEvent::default()
        };
        match &self.fact {
            Fact::Task(task) => put_task(task, &mut message),
            Fact::Group(group) => put_group(group, &mut message),
        }
        message.encode_to_vec()
    }

    /// The event behind bytes that came.
    pub fn from_proto(bytes: &[u8]) -> Result<Self, NotAnEvent> {
        let mut message = wire::TaskEvent::decode(bytes)?;
        Ok(Self {
            id: message.id,
            occurred: time(message.occurred_ms)?,
            traceparent: Some(std::mem::take(&mut message.traceparent)).filter(|it| !it.is_empty()),
            fact: fact(message)?,
        })
    }
}

fn put_task(task: &TaskFact, message: &mut wire::TaskEvent) {
    message.status = Some(status_to(&task.status));
    message.tags.clone_from(&task.tags);
    message.routes.clone_from(&task.routes);
    message.run_id = task.change.run_id().map(i32::from);
    match &task.change {
        TaskChange::ArtifactCreated { artifact, .. } => message.artifact = Some(artifact_to(artifact)),
        TaskChange::PriorityChanged { old, new } => {
            message.old_priority = old.code().into();
            message.new_priority = new.code().into();
        }
        _ => {}
    }
}

fn put_group(group: &GroupFact, message: &mut wire::TaskEvent) {
    let mut wire = wire::TaskGroup {
        task_group_id: group.task_group_id.to_string(),
        scheduler_id: group.scheduler_id.clone(),
        ..wire::TaskGroup::default()
    };
    match &group.change {
        GroupChange::Resolved { expires, sealed } => {
            wire.expires_ms = expires.timestamp_millis();
            wire.sealed_ms = sealed.map(|it| it.timestamp_millis());
        }
        GroupChange::Sealed { expires, sealed } => {
            wire.expires_ms = expires.timestamp_millis();
            wire.sealed_ms = Some(sealed.timestamp_millis());
        }
        GroupChange::PriorityChanged { new, tasks_affected } => {
            message.new_priority = new.code().into();
            wire.tasks_affected = *tasks_affected;
        }
    }
    message.group = Some(wire);
}

fn status_to(status: &TaskStatus) -> wire::TaskStatus {
    wire::TaskStatus {
        task_id: status.task_id.to_string(),
        task_queue_id: status.task_queue_id.0.clone(),
        scheduler_id: status.scheduler_id.clone(),
        project_id: status.project_id.clone(),
        task_group_id: status.task_group_id.to_string(),
        priority: status.priority.code().into(),
        deadline_ms: status.deadline.timestamp_millis(),
        expires_ms: status.expires.timestamp_millis(),
        retries_left: status.retries_left.into(),
        state: status.state.code().into(),
        runs: status.runs.iter().map(run_to).collect(),
    }
}

fn run_to(run: &RunStatus) -> wire::Run {
    wire::Run {
        run_id: run.run_id.into(),
        state: run.state.code().into(),
        reason_created: run.reason_created.code().into(),
        reason_resolved: run.reason_resolved.map(|it| it.code().into()),
        worker_group: run.worker_group.clone(),
        worker_id: run.worker_id.clone(),
        taken_until_ms: run.taken_until.map(|it| it.timestamp_millis()),
        scheduled_ms: run.scheduled.timestamp_millis(),
        started_ms: run.started.map(|it| it.timestamp_millis()),
        resolved_ms: run.resolved.map(|it| it.timestamp_millis()),
    }
}

fn artifact_to(artifact: &ArtifactFact) -> wire::Artifact {
    wire::Artifact {
        storage_type: artifact.storage_type.code().into(),
        name: artifact.name.clone(),
        expires_ms: artifact.expires.timestamp_millis(),
        content_type: artifact.content_type.clone(),
    }
}

fn fact(message: wire::TaskEvent) -> Result<Fact, NotAnEvent> {
    let kind = EventKind::from_code(small(message.kind)?)?;
    if let Some(group) = &message.group {
        return Ok(Fact::Group(group_from(kind, group, &message)?));
    }
    let change = change_from(kind, &message)?;
    Ok(Fact::Task(Box::new(TaskFact {
        status: status_from(message.status.ok_or(NotAnEvent::Missing("status"))?)?,
        tags: message.tags.into_iter().collect::<BTreeMap<_, _>>(),
        routes: message.routes,
        change,
    })))
}

fn change_from(kind: EventKind, message: &wire::TaskEvent) -> Result<TaskChange, NotAnEvent> {
    let run = || small(message.run_id.ok_or(NotAnEvent::Missing("run_id"))?);
    Ok(match kind {
        EventKind::TaskDefined => TaskChange::Defined,
        EventKind::TaskPending => TaskChange::Pending { run_id: run()? },
        EventKind::TaskRunning => TaskChange::Running { run_id: run()? },
        EventKind::ArtifactCreated => {
            let artifact = message.artifact.as_ref().ok_or(NotAnEvent::Missing("artifact"))?;
            TaskChange::ArtifactCreated { run_id: run()?, artifact: artifact_from(artifact)? }
        }
        EventKind::TaskCompleted => TaskChange::Completed { run_id: run()? },
        EventKind::TaskFailed => TaskChange::Failed { run_id: run()? },
        EventKind::TaskException => TaskChange::Exception { run_id: run()? },
        EventKind::TaskPriorityChanged => {
            let (old, new) = (priority(message.old_priority)?, priority(message.new_priority)?);
            TaskChange::PriorityChanged { old, new }
        }
        EventKind::TaskGroupResolved | EventKind::TaskGroupSealed | EventKind::TaskGroupPriorityChanged => {
            return Err(NotAnEvent::Missing("group"));
        }
    })
}

fn group_from(kind: EventKind, group: &wire::TaskGroup, message: &wire::TaskEvent) -> Result<GroupFact, NotAnEvent> {
    let expires = time(group.expires_ms)?;
    let sealed = optional(group.sealed_ms)?;
    let change = match kind {
        EventKind::TaskGroupResolved => GroupChange::Resolved { expires, sealed },
        EventKind::TaskGroupSealed => {
            GroupChange::Sealed { expires, sealed: sealed.ok_or(NotAnEvent::Missing("sealed_ms"))? }
        }
        EventKind::TaskGroupPriorityChanged => {
            GroupChange::PriorityChanged { new: priority(message.new_priority)?, tasks_affected: group.tasks_affected }
        }
        _ => return Err(NotAnEvent::Missing("status")),
    };
    let task_group_id = group.task_group_id.parse()?;
    Ok(GroupFact { task_group_id, scheduler_id: group.scheduler_id.clone(), change })
}

fn status_from(status: wire::TaskStatus) -> Result<TaskStatus, NotAnEvent> {
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
        runs: status.runs.into_iter().map(run_from).collect::<Result<_, _>>()?,
        task_queue_id,
    })
}

fn run_from(run: wire::Run) -> Result<RunStatus, NotAnEvent> {
    let reason_resolved = run.reason_resolved.map(|code| Ok::<_, NotAnEvent>(ReasonResolved::from_code(small(code)?)?));
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

fn artifact_from(artifact: &wire::Artifact) -> Result<ArtifactFact, NotAnEvent> {
    Ok(ArtifactFact {
        storage_type: StorageType::from_code(small(artifact.storage_type)?)?,
        name: artifact.name.clone(),
        expires: time(artifact.expires_ms)?,
        content_type: artifact.content_type.clone(),
    })
}

fn priority(code: i32) -> Result<Priority, NotAnEvent> {
    Ok(Priority::from_code(small(code)?)?)
}

fn small(number: i32) -> Result<RunId, NotAnEvent> {
    number.try_into().map_err(|_| NotAnEvent::OutOfRange(number.into()))
}

fn time(ms: i64) -> Result<Timestamp, NotAnEvent> {
    DateTime::<Utc>::from_timestamp_millis(ms).ok_or(NotAnEvent::OutOfRange(ms))
}

fn optional(ms: Option<i64>) -> Result<Option<Timestamp>, NotAnEvent> {
    ms.map(time).transpose()
}
