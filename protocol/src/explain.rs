//! Why a task is not running: the response of `explainTask`, as programs and `drover explain task` read it.

use serde::{Deserialize, Serialize};

use crate::{
    id::{RunId, TaskId, TaskQueueId},
    state::{Requires, TaskState},
    status::TaskStatus,
    time::{Timestamp, wire, wire_option},
};

/// Everything that has to do with whether a task runs, with the verdict first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    pub task_id: TaskId,
    /// Of its metadata.
    pub name: String,
    /// When this was determined.
    #[serde(with = "wire")]
    pub at: Timestamp,
    pub cause: Cause,
    /// All of it in a sentence or two.
    pub verdict: String,
    /// What would help, one sentence each.
    pub advice: Vec<String>,
    pub status: TaskStatus,
    pub dependencies: Dependencies,
    /// While it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    pub workers: Workers,
    /// Of its queue, where machines are launched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<WorkerPool>,
    pub deadline: Deadline,
    /// While a worker holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    pub retries: Retries,
    pub scopes: Scopes,
    pub events: Events,
    pub notes: Vec<Note>,
}

/// The most important reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    Completed,
    Failed,
    Exception,
    Running,
    /// Its worker has not reclaimed it in time; the run is about to be resolved.
    ClaimRanOut,
    /// It is about to be resolved.
    DeadlinePassed,
    /// A dependency, or one of its own, was resolved in a way that cannot satisfy.
    BlockedByFailure,
    /// A dependency is not there any more.
    DependencyMissing,
    WaitsForDependencies,
    /// All dependencies are satisfied; it is about to become pending.
    BecomesPending,
    NoWorkerEverSeen,
    NoWorkerAlive,
    AllWorkersQuarantined,
    /// Its worker pool launches nothing, because an operator said so.
    PoolPaused,
    /// Machines of its worker pool have been launched and do not run yet.
    MachinesBooting,
    /// The provider of its worker pool refused, and is not asked again for a while.
    BreakerOpen,
    AtMaxCapacity,
    /// Machines of its worker pool are about to be launched.
    MachinesFollow,
    /// It is run by something else than a worker that claims, whose note says why it waits: a Buildbot master.
    WaitsElsewhere,
    /// Only its turn has not come.
    WaitsInQueue,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependencies {
    pub requires: Requires,
    pub total: usize,
    pub satisfied: usize,
    /// Those that are not satisfied, first those that never will be; not more than a page of them.
    pub blocking: Vec<Required>,
    /// The tasks at the end of the chains of unscheduled tasks, likewise.
    pub roots: Vec<Required>,
    /// The chains were followed to their ends.
    pub followed: bool,
}

/// A task that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Required {
    pub task_id: TaskId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Missing: there is no such task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    /// It can still satisfy without anybody's intervention.
    pub satisfiable: bool,
}

/// The position of a pending run in its queue. `or_more`: there counting stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    #[serde(with = "wire")]
    pub since: Timestamp,
    pub ahead: i64,
    pub ahead_of_higher_priority: i64,
    pub pending: i64,
    pub or_more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Workers {
    pub task_queue_id: TaskQueueId,
    pub known: i64,
    pub alive: i64,
    pub quarantined: i64,
    /// Alive, and not in quarantine.
    pub ready: i64,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Those seen last.
    pub latest: Vec<Worker>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worker {
    pub worker_group: String,
    pub worker_id: String,
    #[serde(with = "wire")]
    pub last_seen: Timestamp,
    pub busy: bool,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub quarantine_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine_info: Option<String>,
}

/// A worker pool whose machines are launched while tasks wait. Capacities are in tasks at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerPool {
    pub provider_id: String,
    pub max_capacity: i64,
    pub running: i64,
    /// Launched, and not registered yet.
    pub booting: i64,
    pub stopping: i64,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub booting_since: Option<Timestamp>,
    /// When the first of them will run, if it takes as long as others did.
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub expected: Option<Timestamp>,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_reason: Option<String>,
    /// Where circuit breakers left nothing to launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaker: Option<OpenBreaker>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBreaker {
    pub launch_config_id: String,
    #[serde(with = "wire")]
    pub until: Timestamp,
    pub failure_class: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    #[serde(with = "wire")]
    pub deadline: Timestamp,
    /// Negative once it has passed.
    pub seconds_left: i64,
    #[serde(with = "wire")]
    pub expires: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub run_id: RunId,
    pub worker_group: String,
    pub worker_id: String,
    #[serde(with = "wire")]
    pub taken_until: Timestamp,
    /// Negative once it has run out.
    pub seconds_left: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retries {
    pub runs: usize,
    pub allowed: i16,
    pub left: i16,
}

/// The scopes of the task, and those it lacks for what its payload uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scopes {
    pub held: Vec<String>,
    pub missing: Vec<String>,
    /// What a worker needs to claim it.
    pub to_claim: String,
}

/// Events that are not published yet. `or_more`: only the oldest were searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Events {
    pub undelivered: Vec<Event>,
    /// Of all tasks.
    pub backlog: i64,
    pub or_more: bool,
    #[serde(default, with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: String,
    #[serde(with = "wire")]
    pub at: Timestamp,
}

/// What another service has noted about the task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub source: String,
    pub kind: String,
    pub words: String,
    #[serde(with = "wire")]
    pub at: Timestamp,
}
