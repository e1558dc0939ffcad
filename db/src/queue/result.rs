//! Reading `task_result`: the rows that most of the queue's functions return.

use chrono::{DateTime, Utc};
use protocol::{
    id::{RunId, TaskGroupId, TaskId, TaskQueueId},
    state::{Priority, ReasonCreated, ReasonResolved, TaskState, UnknownWord},
    status::{RunStatus, TaskStatus},
    time::stored_option,
};
use serde::Deserialize;
use sqlx::{Row, postgres::PgRow, types::Json};

use crate::rows::unreadable;

/// What became of one task of a call: `outcome_...` in SQL, with the same meaning in every function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum Outcome {
    /// Done, or done before.
    Done = 0,
    /// Done by this very call, where the function distinguishes.
    DoneNow = 1,
    NoSuchTask = 2,
    NoSuchRun = 3,
    /// The run is in another state.
    OtherState = 4,
    /// Claiming: the worker is quarantined. Elsewhere: the deadline has passed.
    TooLate = 5,
    /// Function by function: quarantined (claim by name), too many runs (rerun), resolved once (priority).
    Refused = 6,
    /// It already has that priority.
    Unchanged = 7,
    /// An upload of the run is unfinished.
    UploadUnfinished = 10,
}

/// `outcome_newly_pending()`: the row is a [`NewlyPending`] instead of a task.
const NEWLY_PENDING: i16 = 9;

impl Outcome {
    pub(crate) const ALL: [(Self, &'static str); 9] = [
        (Self::Done, "done"),
        (Self::DoneNow, "done_now"),
        (Self::NoSuchTask, "no_such_task"),
        (Self::NoSuchRun, "no_such_run"),
        (Self::OtherState, "other_state"),
        (Self::TooLate, "too_late"),
        (Self::Refused, "refused"),
        (Self::Unchanged, "unchanged"),
        (Self::UploadUnfinished, "upload_unfinished"),
    ];

    fn from_code(code: i16) -> Result<Self, sqlx::Error> {
        let found = Self::ALL.into_iter().find(|(outcome, _)| *outcome as i16 == code);
        found.map(|(outcome, _)| outcome).ok_or_else(|| decode(format!("outcome {code} is not known")))
    }
}

/// The result for one task: its place in the call, the outcome, the task where there is one.
#[derive(Debug, Clone)]
pub struct TaskResult {
    pub place: usize,
    pub outcome: Outcome,
    pub task: Option<TaskRow>,
}

/// A task as it is stored.
#[derive(Debug, Clone)]
pub struct TaskRow {
    pub status: TaskStatus,
    /// The definition as JSON text with the priority of now; empty where it was not requested.
    pub definition: String,
}

/// A queue in which tasks became pending, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewlyPending {
    pub task_queue_id: TaskQueueId,
    pub count: usize,
}

/// Splits rows into the tasks and the queues in which tasks became pending.
pub(super) fn read_all(rows: &[PgRow]) -> Result<(Vec<TaskResult>, Vec<NewlyPending>), sqlx::Error> {
    let (mut results, mut newly_pending) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        let place = row.try_get::<Option<i32>, _>("place")?.and_then(|place| usize::try_from(place).ok()).unwrap_or(0);
        let outcome = row.try_get::<Option<i16>, _>("outcome")?.unwrap_or(0);
        if outcome == NEWLY_PENDING {
            let task_queue_id = TaskQueueId(row.try_get("task_queue_id")?);
            newly_pending.push(NewlyPending { task_queue_id, count: place });
            continue;
        }
        let exists = row.try_get::<Option<i16>, _>("state")?.is_some();
        // An unreadable task keeps its place in the result: its neighbours find theirs by it.
        let task = if exists { read_task(row).map_err(|error| unreadable("task", &error)).ok() } else { None };
        results.push(TaskResult { place, outcome: Outcome::from_code(outcome)?, task });
    }
    Ok((results, newly_pending))
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

fn read_task(row: &PgRow) -> Result<TaskRow, sqlx::Error> {
    let task_group_id = TaskGroupId(row.try_get("task_group_id")?);
    let status = read_status(row, task_group_id, "run_id")?;
    let definition = match row.try_get::<Option<String>, _>("body")? {
        Some(body) => with_priority(body, row.try_get("stored_priority")?, status.priority.code())?,
        None => String::new(),
    };
    Ok(TaskRow { status, definition })
}

/// The status in the columns of a row; `run_id` names the column with the task's current run.
pub(crate) fn read_status(row: &PgRow, task_group_id: TaskGroupId, run_id: &str) -> Result<TaskStatus, sqlx::Error> {
    let task_queue_id = TaskQueueId(row.try_get("task_queue_id")?);
    let (provisioner_id, worker_type) = task_queue_id.parts();
    Ok(TaskStatus {
        task_id: TaskId(row.try_get("task_id")?),
        provisioner_id: provisioner_id.to_owned(),
        worker_type: worker_type.to_owned(),
        task_group_id,
        scheduler_id: row.try_get("scheduler_id")?,
        project_id: row.try_get("project_id")?,
        priority: Priority::from_code(row.try_get("priority")?).map_err(decode)?,
        retries_left: row.try_get("retries_left")?,
        deadline: row.try_get("deadline")?,
        expires: row.try_get("expires")?,
        state: TaskState::from_code(row.try_get("state")?).map_err(decode)?,
        runs: read_runs(row, run_id)?,
        task_queue_id,
    })
}

/// The earlier runs and the current one (run -1: there is none yet).
fn read_runs(row: &PgRow, run_id: &str) -> Result<Vec<RunStatus>, sqlx::Error> {
    let current = StoredRun {
        run_id: row.try_get(run_id)?,
        state: row.try_get("state")?,
        reason_created: row.try_get::<Option<i16>, _>("reason_created")?.unwrap_or(0),
        reason_resolved: row.try_get("reason_resolved")?,
        scheduled: row.try_get("scheduled")?,
        started: row.try_get("started")?,
        resolved: row.try_get("resolved")?,
        taken_until: row.try_get("taken_until")?,
        worker_group: row.try_get("worker_group")?,
        worker_id: row.try_get("worker_id")?,
    };
    let past = row.try_get::<Option<Json<Vec<StoredRun>>>, _>("past")?.map_or_else(Vec::new, |past| past.0);
    let current = (current.run_id >= 0).then_some(current);
    past.into_iter().chain(current).map(StoredRun::into_status).collect::<Result<_, _>>().map_err(decode)
}

/// A run as it is stored, in columns or in JSON.
#[derive(Debug, Clone, Deserialize)]
struct StoredRun {
    run_id: RunId,
    state: i16,
    reason_created: i16,
    reason_resolved: Option<i16>,
    #[serde(default, deserialize_with = "stored_option")]
    scheduled: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    started: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    resolved: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "stored_option")]
    taken_until: Option<DateTime<Utc>>,
    worker_group: Option<String>,
    worker_id: Option<String>,
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
