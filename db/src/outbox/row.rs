//! From a row of the outbox to an event.

use chrono::{DateTime, Utc};
use protocol::{
    event::{
        ArtifactFact, AuthChange, ClientFact, Event, EventKind, Fact, GroupChange, GroupFact, RoleFact, TaskChange,
        TaskFact,
    },
    id::{RunId, TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, StorageType, TaskState},
    status::TaskStatus,
    task::EventPart,
    time::stored_option,
};
use serde::Deserialize;
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::queue::{StoredRun, decode, runs};

pub(super) fn id(row: &PgRow) -> Result<i64, sqlx::Error> {
    row.try_get(0)
}

/// Of other events there is no more than the id.
pub(super) fn is_wanted(row: &PgRow) -> Result<bool, sqlx::Error> {
    row.try_get::<Option<i16>, _>(1).map(|kind| kind.is_some())
}

/// The event of a row. One that cannot be read, or whose task is gone, must not hold up all that come after it.
pub(super) fn event(row: &PgRow) -> Result<Event, sqlx::Error> {
    let facts = row.try_get::<Option<Json<Facts>>, _>(4)?.map_or_else(Facts::default, |facts| facts.0);
    let kind = EventKind::from_code(row.try_get(1)?).map_err(decode)?;
    let fact = match AuthChange::of(kind) {
        Some(change) => facts.auth_fact(change)?,
        None => fact_of_tasks(row, kind, facts)?,
    };
    Ok(Event { id: id(row)?, occurred: row.try_get(2)?, traceparent: row.try_get(3)?, fact })
}

/// About a task, or a group of them.
fn fact_of_tasks(row: &PgRow, kind: EventKind, facts: Facts) -> Result<Fact, sqlx::Error> {
    let group = TaskGroupId(row.try_get::<Uuid, _>(5)?);
    Ok(match facts.group_change(kind)? {
        Some(change) => {
            Fact::Group(GroupFact { task_group_id: group, scheduler_id: needed(facts.scheduler_id)?, change })
        }
        None => Fact::Task(Box::new(task_fact(row, group, kind, facts)?)),
    })
}

fn task_fact(row: &PgRow, group: TaskGroupId, kind: EventKind, facts: Facts) -> Result<TaskFact, sqlx::Error> {
    let part: EventPart = serde_json::from_str(row.try_get::<&str, _>(26)?).map_err(decode)?;
    let change = facts.task_change(kind, row.try_get(7)?)?;
    Ok(TaskFact { status: status(row, group)?, tags: part.tags, routes: part.routes, change })
}

fn status(row: &PgRow, task_group_id: TaskGroupId) -> Result<TaskStatus, sqlx::Error> {
    let task_queue_id = TaskQueueId(row.try_get(8)?);
    let (provisioner_id, worker_type) = task_queue_id.parts();
    let state: i16 = row.try_get(15)?;
    let current = StoredRun {
        run_id: row.try_get(16)?,
        state,
        reason_created: row.try_get::<Option<i16>, _>(17)?.unwrap_or(0),
        reason_resolved: row.try_get(18)?,
        scheduled: row.try_get(19)?,
        started: row.try_get(20)?,
        resolved: row.try_get(21)?,
        taken_until: row.try_get(22)?,
        worker_group: row.try_get(23)?,
        worker_id: row.try_get(24)?,
    };
    let past = row.try_get::<Option<Json<Vec<StoredRun>>>, _>(25)?.map_or_else(Vec::new, |past| past.0);
    Ok(TaskStatus {
        task_id: TaskId(row.try_get::<Uuid, _>(6)?),
        provisioner_id: provisioner_id.to_owned(),
        worker_type: worker_type.to_owned(),
        scheduler_id: row.try_get(9)?,
        project_id: row.try_get(10)?,
        task_group_id,
        priority: Priority::from_code(row.try_get(11)?).map_err(decode)?,
        deadline: row.try_get(13)?,
        expires: row.try_get(14)?,
        retries_left: row.try_get(12)?,
        state: TaskState::from_code(state).map_err(decode)?,
        runs: runs(past, current).map_err(decode)?,
        task_queue_id,
    })
}

/// What single kinds of events add to a row.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    scheduler_id: Option<String>,
    #[serde(default, deserialize_with = "stored_option")]
    expires: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    sealed: Option<DateTime<Utc>>,
    old_priority: Option<Priority>,
    new_priority: Option<Priority>,
    tasks_affected: Option<i64>,
    storage_type: Option<i16>,
    name: Option<String>,
    content_type: Option<String>,
    client_id: Option<String>,
    role_id: Option<String>,
}

impl Facts {
    fn auth_fact(self, change: AuthChange) -> Result<Fact, sqlx::Error> {
        Ok(match self.client_id {
            Some(client_id) => Fact::Client(ClientFact { client_id, change }),
            None => Fact::Role(RoleFact { role_id: needed(self.role_id)?, change }),
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
                new: needed(self.new_priority)?,
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
                TaskChange::PriorityChanged { old: needed(self.old_priority)?, new: needed(self.new_priority)? }
            }
            group => return Err(decode(format!("{} is no event of a task", group.as_str()))),
        })
    }

    fn artifact(self) -> Result<ArtifactFact, sqlx::Error> {
        Ok(ArtifactFact {
            storage_type: StorageType::from_code(needed(self.storage_type)?).map_err(decode)?,
            name: needed(self.name)?,
            expires: needed(self.expires)?,
            content_type: needed(self.content_type)?,
        })
    }
}

fn needed<T>(fact: Option<T>) -> Result<T, sqlx::Error> {
    fact.ok_or_else(|| decode("the row lacks a fact that its kind needs"))
}
