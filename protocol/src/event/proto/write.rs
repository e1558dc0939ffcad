//! From our events to protobuf.

use crate::{
    event::{ArtifactInfo, GroupChange, GroupEvent, ServiceEvent, TaskChange, TaskEvent},
    proto as wire,
    status::{RunStatus, TaskStatus},
};

pub(super) fn task(task: &TaskEvent, message: &mut wire::TaskEvent) {
    message.status = Some(status_of(&task.status));
    message.tags.clone_from(&task.tags);
    message.routes.clone_from(&task.routes);
    message.run_id = task.change.run_id().map(i32::from);
    match &task.change {
        TaskChange::ArtifactCreated { artifact, .. } => message.artifact = Some(artifact_part(artifact)),
        TaskChange::PriorityChanged { old, new } => {
            message.old_priority = old.code().into();
            message.new_priority = new.code().into();
        }
        _ => {}
    }
}

pub(super) fn group(group: &GroupEvent, message: &mut wire::TaskEvent) {
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

pub(super) fn service_event(event: &ServiceEvent) -> wire::ServiceEvent {
    let ServiceEvent { service, exchange, routing_key, cc, body } = event.clone();
    wire::ServiceEvent { service, exchange, routing_key, cc, body }
}

impl From<&TaskStatus> for wire::TaskStatus {
    fn from(status: &TaskStatus) -> Self {
        status_of(status)
    }
}

fn status_of(status: &TaskStatus) -> wire::TaskStatus {
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
        runs: status.runs.iter().map(run).collect(),
    }
}

fn run(run: &RunStatus) -> wire::Run {
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

fn artifact_part(artifact: &ArtifactInfo) -> wire::Artifact {
    wire::Artifact {
        storage_type: artifact.storage_type.code().into(),
        name: artifact.name.clone(),
        expires_ms: artifact.expires.timestamp_millis(),
        content_type: artifact.content_type.clone(),
    }
}
