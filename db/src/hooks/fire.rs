//! `fire_hook`.

use base::SealedText;
use protocol::{id::TaskId, time::Timestamp};
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use super::{FireResult, FiredBy, read::result};
use crate::{
    Db, DbError,
    blob::unknown_outcome,
    queue::{Created, NewTaskRow, read_created},
};

/// A fire to carry out.
#[derive(Debug, Clone)]
pub struct FireHook<'a> {
    pub hook_group_id: &'a str,
    pub hook_id: &'a str,
    /// Of the definition that was rendered.
    pub generation: i64,
    /// What caused it; each cause has one fire. `None`: it has no identity.
    pub fire_key: Option<&'a str>,
    pub fired_by: FiredBy,
    pub task_id: TaskId,
    /// The task, where the result is to be success.
    pub task: Option<&'a NewTaskRow>,
    /// Another result.
    pub result: FireResult,
    pub error: &'a str,
    /// The date that was due, and what comes after it.
    pub scheduled_at: Option<Timestamp>,
    pub next_scheduled_at: Option<Timestamp>,
    pub next_task_id: Option<&'a SealedText>,
    /// The fire whose task a message was about.
    pub caused_by: Option<i64>,
    /// When the row of the fire goes.
    pub expires: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FireOutcome {
    /// Ready: the task is pending.
    Fired { ready: bool },
    /// The cause has had its fire.
    Repeated { task_id: TaskId, result: FireResult, error: String },
    /// There is no such hook.
    Missing,
    /// The definition has changed; nothing was written.
    Outdated,
    /// The date is not due any more; nothing was written.
    Moved,
    /// The task was refused; nothing was written.
    Refused(Created),
}

const FIRE: &str = "select * from fire_hook($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27)";

impl Db {
    /// `fire_hook`: whole or not at all.
    pub async fn fire_hook(&self, fire: &FireHook<'_>, now: Timestamp) -> Result<FireOutcome, DbError> {
        let task = fire.task;
        let dependencies: Vec<Uuid> = task.iter().flat_map(|task| &task.dependencies).map(|id| id.0).collect();
        let row = sqlx::query(FIRE)
            .bind(fire.hook_group_id)
            .bind(fire.hook_id)
            .bind(fire.generation)
            .bind(fire.fire_key)
            .bind(fire.fired_by.code())
            .bind(fire.result.code())
            .bind(fire.error)
            .bind(fire.task_id.0)
            .bind(task.map(|task| task.task_group_id.0))
            .bind(task.map(|task| &task.task_queue_id.0))
            .bind(task.map(|task| &task.scheduler_id))
            .bind(task.map(|task| &task.project_id))
            .bind(task.map(|task| task.priority.code()))
            .bind(task.map(|task| task.retries))
            .bind(task.map(|task| task.requires.code()))
            .bind(task.map(|task| task.deadline))
            .bind(task.map(|task| task.expires))
            .bind(task.map(|task| &task.body))
            .bind(dependencies)
            .bind(task.map(|task| task.has_routes))
            .bind(fire.scheduled_at)
            .bind(fire.next_scheduled_at)
            .bind(fire.next_task_id.map(Json))
            .bind(fire.caused_by)
            .bind(fire.expires)
            .bind(task.and_then(|task| task.trace.as_deref()))
            .bind(now)
            .fetch_one(self.pool())
            .await?;
        outcome(&row)
    }
}

fn outcome(row: &PgRow) -> Result<FireOutcome, DbError> {
    let outcome: &str = row.try_get("outcome")?;
    Ok(match outcome {
        "fired" => FireOutcome::Fired { ready: row.try_get("ready")? },
        "repeated" => FireOutcome::Repeated {
            task_id: TaskId(row.try_get("task_id")?),
            result: result(row.try_get("result")?)?,
            error: row.try_get("error")?,
        },
        "missing" => FireOutcome::Missing,
        "outdated" => FireOutcome::Outdated,
        "moved" => FireOutcome::Moved,
        "refused" => FireOutcome::Refused(read_created(row.try_get("created")?, row)?),
        _ => return Err(unknown_outcome("fire_hook", outcome)),
    })
}
