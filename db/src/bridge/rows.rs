//! The rows of the bridge.

use protocol::{
    id::{RunId, TaskId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

/// A pending run that wants a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeWish {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub deadline: Timestamp,
    pub expires: Timestamp,
}

/// How far a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum BridgeState {
    /// No request at the master is known yet; one may have been made.
    Wanted,
    /// The master has the request; the task's run is pending.
    Created,
    /// The run is claimed.
    Running,
    /// The build ended, and the task is to be told.
    Finished,
    /// Nothing is left to do.
    Resolved,
}

/// What is to become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Wanted {
    Run,
    /// Nobody waits for it any more. This is never taken back.
    Cancel,
}

/// How a master fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum MasterState {
    /// Nobody has asked it yet.
    Unknown,
    Up,
    Down,
    /// It answers, and does not let us in.
    Refused,
}

/// A request that a task waits for; `up.sql` says what the columns mean.
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
    pub wanted: Wanted,
    pub builder: Option<String>,
    pub attempts: i32,
    pub tried: Option<Timestamp>,
    pub buildset_id: Option<i64>,
    pub request_id: Option<i64>,
    pub submitted: Option<Timestamp>,
    pub lost: bool,
    pub claimed_seen: Option<Timestamp>,
    pub last_build: i64,
    pub build_id: Option<i64>,
    pub build_number: Option<i64>,
    pub result: Option<i16>,
    pub ended: Option<Timestamp>,
    pub taken_until: Option<Timestamp>,
    pub reclaim_at: Option<Timestamp>,
    pub cancel_asked: Option<Timestamp>,
    pub cancel_tried: Option<Timestamp>,
    pub error: Option<String>,
    pub deadline: Timestamp,
    pub expires: Timestamp,
    pub next_check: Timestamp,
    pub pokes: i64,
    pub version: i64,
    pub created: Timestamp,
}

impl BridgeRequest {
    pub const fn task_id(&self) -> TaskId {
        TaskId(self.task)
    }

    /// A request as `bridge_want` makes it. For tests of what is decided about requests.
    pub fn wanted(master: &str, wish: &BridgeWish, now: Timestamp) -> Self {
        let BridgeWish { task_id, run_id, deadline, expires } = *wish;
        Self {
            id: 0,
            master: master.to_owned(),
            epoch: 0,
            task: task_id.0,
            first_run: run_id,
            run_id,
            state: BridgeState::Wanted,
            wanted: Wanted::Run,
            builder: None,
            attempts: 0,
            tried: None,
            buildset_id: None,
            request_id: None,
            submitted: None,
            lost: false,
            claimed_seen: None,
            last_build: 0,
            build_id: None,
            build_number: None,
            result: None,
            ended: None,
            taken_until: None,
            reclaim_at: None,
            cancel_asked: None,
            cancel_tried: None,
            error: None,
            deadline,
            expires,
            next_check: now,
            pokes: 0,
            version: 0,
            created: now,
        }
    }
}

/// A master, and the process that looks after it.
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
    pub wanted: Wanted,
    pub requests: i64,
    pub oldest: Timestamp,
}
