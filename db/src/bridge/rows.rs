//! The rows of the bridge.

use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

/// A pending run for which a request is to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingCreate {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub deadline: Timestamp,
    pub expires: Timestamp,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum BridgeState {
    /// No request at the master is known yet; one may have been made.
    PendingCreate,
    /// The master has the request; the task's run is pending.
    Created,
    /// The run is claimed.
    Running,
    /// The build ended, which is to be reported for the task.
    Finished,
    /// Nothing is left to do.
    Resolved,
}

/// What is to become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Intent {
    Run,
    /// The task no longer needs it. This is never taken back.
    Cancel,
}

/// The state of a master.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum MasterState {
    /// No request was sent yet.
    Unknown,
    Up,
    Down,
    /// It responds, and refuses the credentials.
    Refused,
}

/// A build request for a task; `up.sql` says what the columns mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct BridgeRequest {
    pub id: i64,
    pub master: String,
    pub epoch: i64,
    #[sqlx(rename = "task_id")]
    #[serde(rename = "task_id")]
    task: Uuid,
    pub first_run: RunId,
    pub run_id: RunId,
    pub state: BridgeState,
    pub intent: Intent,
    pub builder: Option<String>,
    pub attempts: i32,
    pub last_attempt: Option<Timestamp>,
    pub buildset_id: Option<i64>,
    pub request_id: Option<i64>,
    pub submitted: Option<Timestamp>,
    pub lost: bool,
    pub claimed_since: Option<Timestamp>,
    pub last_build: i64,
    pub build_id: Option<i64>,
    pub build_number: Option<i64>,
    pub result: Option<i16>,
    pub ended: Option<Timestamp>,
    pub taken_until: Option<Timestamp>,
    pub reclaim_at: Option<Timestamp>,
    pub cancel_requested: Option<Timestamp>,
    pub cancel_attempted: Option<Timestamp>,
    pub error: Option<String>,
    pub deadline: Timestamp,
    pub expires: Timestamp,
    pub next_check: Timestamp,
    pub notifications: i64,
    pub version: i64,
    pub created: Timestamp,
}

impl BridgeRequest {
    pub const fn task_id(&self) -> TaskId {
        TaskId(self.task)
    }

    /// A request as `bridge_add_pending` makes it. For tests.
    pub fn pending(master: &str, run: &PendingCreate, now: Timestamp) -> Self {
        let PendingCreate { task_id, run_id, deadline, expires } = *run;
        Self {
            id: 0,
            master: master.to_owned(),
            epoch: 0,
            task: task_id.0,
            first_run: run_id,
            run_id,
            state: BridgeState::PendingCreate,
            intent: Intent::Run,
            builder: None,
            attempts: 0,
            last_attempt: None,
            buildset_id: None,
            request_id: None,
            submitted: None,
            lost: false,
            claimed_since: None,
            last_build: 0,
            build_id: None,
            build_number: None,
            result: None,
            ended: None,
            taken_until: None,
            reclaim_at: None,
            cancel_requested: None,
            cancel_attempted: None,
            error: None,
            deadline,
            expires,
            next_check: now,
            notifications: 0,
            version: 0,
            created: now,
        }
    }
}

/// A master, and the process that leads for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct BridgeMaster {
    pub master: String,
    pub epoch: i64,
    pub state: MasterState,
    /// When the state last changed.
    pub since: Timestamp,
    pub last_ok: Option<Timestamp>,
    pub error: Option<String>,
    pub leader: Option<Uuid>,
    pub leader_until: Option<Timestamp>,
}

/// How many requests are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct BridgeCount {
    pub state: BridgeState,
    pub intent: Intent,
    pub requests: i64,
    pub oldest: Timestamp,
}
