//! Reading `task_answer`: the row in which most of the queue's functions answer.

use chrono::{DateTime, Utc};
use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, ReasonCreated, ReasonResolved, TaskState, UnknownWord},
    status::{RunStatus, TaskStatus},
    time::stored_option,
};
use serde::Deserialize;
use sqlx::{Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::rows::unreadable;

/// What became of one task of a call. The numbers mean the same in every function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or done before.
    Done,
    /// Done by this very call, where the function tells the difference.
    DoneNow,
    NoSuchTask,
    NoSuchRun,
    /// The run is in another state.
    OtherState,
    /// Claiming: the worker is quarantined. Elsewhere: the deadline has passed.
    TooLate,
    /// Function by function: quarantined (claim by name), 50 runs (rerun), resolved once (priority).
    Refused,
    /// It already has that priority.
    Unchanged,
    /// The content of an artifact of the run is still to come.
    UploadUnfinished,
}

/// One answer: the caller's place in the call, the outcome, the task where there is one.
#[derive(Debug, Clone)]
pub struct TaskAnswer {
    pub place: usize,
    pub outcome: Outcome,
    pub task: Option<TaskRow>,
}

/// A task as the database answers it.
#[derive(Debug, Clone)]
pub struct TaskRow {
    pub status: TaskStatus,
    /// The definition as JSON text with the priority of now; empty where it was not asked for.
    pub definition: String,
}

/// A queue in which tasks became pending, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Woken {
    pub task_queue_id: TaskQueueId,
    pub count: usize,
}

/// Splits the rows of an answer into the tasks and the queues to wake.
pub(super) fn read_all(rows: &[PgRow]) -> Result<(Vec<TaskAnswer>, Vec<Woken>), sqlx::Error> {
    let (mut answers, mut woken) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        if row.try_get::<Option<i16>, _>(OUTCOME)? == Some(WOKEN) {
            let count = usize::try_from(row.try_get::<i32, _>(PLACE)?).unwrap_or(0);
            woken.push(Woken { task_queue_id: TaskQueueId(row.try_get(TASK_QUEUE_ID)?), count });
        } else {
            answers.push(read(row)?);
        }
    }
    Ok((answers, woken))
}

/// The definition with the priority that the task has now, which may not be the one it was stored with.
pub(super) fn with_priority(body: String, stored: i16, now: i16) -> Result<String, sqlx::Error> {
    if stored == now {
        return Ok(body);
    }
    let mut definition: serde_json::Value = serde_json::from_str(&body).map_err(decode)?;
    definition["priority"] = Priority::from_code(now).map_err(decode)?.as_str().into();
    Ok(definition.to_string())
}

const PLACE: usize = 0;
const OUTCOME: usize = 1;
const TASK_QUEUE_ID: usize = 4;
const WOKEN: i16 = 9;

fn read(row: &PgRow) -> Result<TaskAnswer, sqlx::Error> {
    let place = row.try_get::<Option<i32>, _>(PLACE)?.unwrap_or(0);
    let outcome = outcome(row.try_get::<Option<i16>, _>(OUTCOME)?.unwrap_or(0))?;
    let there = row.try_get::<Option<i16>, _>(11)?.is_some();
    // An unreadable task keeps its place in the answer: its neighbours find theirs by it.
    let task = if there { read_task(row).map_err(|error| unreadable("task", &error)).ok() } else { None };
    Ok(TaskAnswer { place: usize::try_from(place).unwrap_or(0), outcome, task })
}

fn outcome(code: i16) -> Result<Outcome, sqlx::Error> {
    Ok(match code {
        0 => Outcome::Done,
        1 => Outcome::DoneNow,
        2 => Outcome::NoSuchTask,
        3 => Outcome::NoSuchRun,
        4 => Outcome::OtherState,
        5 => Outcome::TooLate,
        6 => Outcome::Refused,
        7 => Outcome::Unchanged,
        10 => Outcome::UploadUnfinished,
        other => return Err(decode(format!("outcome {other} is not known"))),
    })
}

fn read_task(row: &PgRow) -> Result<TaskRow, sqlx::Error> {
    let status = read_status(row)?;
    let definition = match row.try_get::<Option<String>, _>(23)? {
        Some(body) => with_priority(body, row.try_get(22)?, status.priority.code())?,
        None => String::new(),
    };
    Ok(TaskRow { status, definition })
}

fn read_status(row: &PgRow) -> Result<TaskStatus, sqlx::Error> {
    let task_queue_id = TaskQueueId(row.try_get(TASK_QUEUE_ID)?);
    let (provisioner_id, worker_type) = task_queue_id.parts();
    Ok(TaskStatus {
        task_id: TaskId(row.try_get::<Uuid, _>(2)?),
        provisioner_id: provisioner_id.to_owned(),
        worker_type: worker_type.to_owned(),
        task_group_id: TaskGroupId(row.try_get::<Uuid, _>(3)?),
        scheduler_id: row.try_get(5)?,
        project_id: row.try_get(6)?,
        priority: Priority::from_code(row.try_get(7)?).map_err(decode)?,
        retries_left: row.try_get(8)?,
        deadline: row.try_get(9)?,
        expires: row.try_get(10)?,
        state: TaskState::from_code(row.try_get(11)?).map_err(decode)?,
        runs: read_runs(row)?,
        task_queue_id,
    })
}

fn read_runs(row: &PgRow) -> Result<Vec<RunStatus>, sqlx::Error> {
    let current = StoredRun {
        run_id: row.try_get(12)?,
        state: row.try_get(11)?,
        reason_created: row.try_get::<Option<i16>, _>(13)?.unwrap_or(0),
        reason_resolved: row.try_get(14)?,
        scheduled: row.try_get(15)?,
        started: row.try_get(16)?,
        resolved: row.try_get(17)?,
        taken_until: row.try_get(18)?,
        worker_group: row.try_get(19)?,
        worker_id: row.try_get(20)?,
    };
    let past = row.try_get::<Option<Json<Vec<StoredRun>>>, _>(21)?.map_or_else(Vec::new, |past| past.0);
    runs(past, current).map_err(decode)
}

/// The runs of a status, from the earlier ones and the current one (run -1: there is none yet).
pub(crate) fn runs(past: Vec<StoredRun>, current: StoredRun) -> Result<Vec<RunStatus>, UnknownWord> {
    let current = (current.run_id >= 0).then_some(current);
    past.into_iter().chain(current).map(StoredRun::into_status).collect()
}

/// A run as it is stored, in columns or in JSON.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StoredRun {
    pub run_id: RunId,
    pub state: i16,
    pub reason_created: i16,
    pub reason_resolved: Option<i16>,
    #[serde(default, deserialize_with = "stored_option")]
    pub scheduled: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    pub started: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    pub resolved: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    pub taken_until: Option<DateTime<Utc>>,
    pub worker_group: Option<String>,
    pub worker_id: Option<String>,
}

impl StoredRun {
    fn into_status(self) -> Result<RunStatus, UnknownWord> {
        Ok(RunStatus {
            run_id: self.run_id,
            state: TaskState::from_code(self.state)?,
            reason_created: ReasonCreated::from_code(self.reason_created)?,
            reason_resolved: self.reason_resolved.map(ReasonResolved::from_code).transpose()?,
            worker_group: self.worker_group,
            worker_id: self.worker_id,
            taken_until: self.taken_until,
            scheduled: self.scheduled.unwrap_or_default(),
            started: self.started,
            resolved: self.resolved,
        })
    }
}

pub(crate) fn decode(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
}
