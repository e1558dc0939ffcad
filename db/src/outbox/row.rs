//! From a row of the outbox to an event.

use chrono::{DateTime, Utc};
use protocol::{
    event::{
        ArtifactInfo, AuthChange, ClientEvent, Event, EventKind, EventPayload, GroupChange, GroupEvent, RoleEvent,
        ServiceEvent, TaskChange, TaskEvent,
    },
    id::{RunId, TaskGroupId},
    state::{Priority, StorageType},
    task::EventPart,
    time::stored_option,
};
use serde::Deserialize;
use sqlx::{Row, postgres::PgRow, types::Json};

use crate::queue::{decode, read_status};

pub(super) fn id(row: &PgRow) -> Result<i64, sqlx::Error> {
    row.try_get("id")
}

/// Of other events there is no more than the id.
pub(super) fn is_read(row: &PgRow) -> Result<bool, sqlx::Error> {
    row.try_get::<Option<i16>, _>("kind").map(|kind| kind.is_some())
}

/// The event of a row. One that cannot be read, or whose task is gone, must not hold up all that come after it.
pub(super) fn event(row: &PgRow) -> Result<Event, sqlx::Error> {
    let payload =
        row.try_get::<Option<Json<Payload>>, _>("payload")?.map_or_else(Payload::default, |payload| payload.0);
    let kind = EventKind::from_code(row.try_get("kind")?).map_err(decode)?;
    let event_payload = match AuthChange::of(kind) {
        Some(change) => payload.auth_event(change)?,
        None if kind == EventKind::Service => EventPayload::Service(payload.service_event()?),
        None => payload_of_tasks(row, kind, payload)?,
    };
    Ok(Event { id: id(row)?, occurred: row.try_get("at")?, traceparent: row.try_get("trace")?, payload: event_payload })
}

/// About a task, or a group of them.
fn payload_of_tasks(row: &PgRow, kind: EventKind, payload: Payload) -> Result<EventPayload, sqlx::Error> {
    let group = TaskGroupId(row.try_get("task_group_id")?);
    Ok(match payload.group_change(kind)? {
        Some(change) => EventPayload::Group(GroupEvent {
            task_group_id: group,
            scheduler_id: needed(payload.scheduler_id)?,
            change,
        }),
        None => EventPayload::Task(Box::new(task_event(row, group, kind, payload)?)),
    })
}

fn task_event(row: &PgRow, group: TaskGroupId, kind: EventKind, payload: Payload) -> Result<TaskEvent, sqlx::Error> {
    let part: EventPart = serde_json::from_str(row.try_get::<&str, _>("part")?).map_err(decode)?;
    let change = payload.task_change(kind, row.try_get("run_id")?)?;
    Ok(TaskEvent { status: read_status(row, group, "current_run")?, tags: part.tags, routes: part.routes, change })
}

/// What single kinds of events add to a row.
#[derive(Debug, Default, Deserialize)]
struct Payload {
    scheduler_id: Option<String>,
    #[serde(default, deserialize_with = "stored_option")]
    expires: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    sealed: Option<DateTime<Utc>>,
    old_priority: Option<i16>,
    new_priority: Option<i16>,
    tasks_affected: Option<i64>,
    storage_type: Option<i16>,
    name: Option<String>,
    content_type: Option<String>,
    client_id: Option<String>,
    role_id: Option<String>,
    service: Option<String>,
    exchange: Option<String>,
    routing_key: Option<String>,
    #[serde(default)]
    cc: Vec<String>,
    body: Option<String>,
}

impl Payload {
    fn auth_event(self, change: AuthChange) -> Result<EventPayload, sqlx::Error> {
        Ok(match self.client_id {
            Some(client_id) => EventPayload::Client(ClientEvent { client_id, change }),
            None => EventPayload::Role(RoleEvent { role_id: needed(self.role_id)?, change }),
        })
    }

    fn service_event(self) -> Result<ServiceEvent, sqlx::Error> {
        Ok(ServiceEvent {
            service: needed(self.service)?,
            exchange: needed(self.exchange)?,
            routing_key: needed(self.routing_key)?,
            cc: self.cc,
            body: needed(self.body)?,
        })
    }

    /// `None`: the event is about a task.
    fn group_change(&self, kind: EventKind) -> Result<Option<GroupChange>, sqlx::Error> {
        Ok(Some(match kind {
            EventKind::TaskGroupResolved => {
                GroupChange::Resolved { expires: needed(self.expires)?, sealed: self.sealed }
            }
            EventKind::TaskGroupSealed => {
                GroupChange::Sealed { expires: needed(self.expires)?, sealed: needed(self.sealed)? }
            }
            EventKind::TaskGroupPriorityChanged => GroupChange::PriorityChanged {
                new: priority(self.new_priority)?,
                tasks_affected: needed(self.tasks_affected)?,
            },
            _ => return Ok(None),
        }))
    }

    fn task_change(self, kind: EventKind, run_id: Option<RunId>) -> Result<TaskChange, sqlx::Error> {
        Ok(match kind {
            EventKind::TaskDefined => TaskChange::Defined,
            EventKind::TaskPending => TaskChange::Pending { run_id: needed(run_id)? },
            EventKind::TaskRunning => TaskChange::Running { run_id: needed(run_id)? },
            EventKind::TaskCompleted => TaskChange::Completed { run_id: needed(run_id)? },
            EventKind::TaskFailed => TaskChange::Failed { run_id: needed(run_id)? },
            EventKind::TaskException => TaskChange::Exception { run_id: needed(run_id)? },
            EventKind::ArtifactCreated => {
                TaskChange::ArtifactCreated { run_id: needed(run_id)?, artifact: self.artifact()? }
            }
            EventKind::TaskPriorityChanged => {
                TaskChange::PriorityChanged { old: priority(self.old_priority)?, new: priority(self.new_priority)? }
            }
            group => return Err(decode(format!("{} is no event of a task", group.as_str()))),
        })
    }

    fn artifact(self) -> Result<ArtifactInfo, sqlx::Error> {
        Ok(ArtifactInfo {
            storage_type: StorageType::from_code(needed(self.storage_type)?).map_err(decode)?,
            name: needed(self.name)?,
            expires: needed(self.expires)?,
            content_type: needed(self.content_type)?,
        })
    }
}

fn priority(code: Option<i16>) -> Result<Priority, sqlx::Error> {
    Priority::from_code(needed(code)?).map_err(decode)
}

fn needed<T>(value: Option<T>) -> Result<T, sqlx::Error> {
    value.ok_or_else(|| decode("the row lacks a value that its kind needs"))
}
