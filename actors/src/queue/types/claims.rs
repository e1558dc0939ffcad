//! Claims.

use protocol::{
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    proto,
    status::TaskStatus,
    time::Timestamp,
};

use super::tasks::Definition;
use crate::kit::rpc::{InvalidMessage, Proto, proto_message};

/// A worker asks for up to `count` tasks.
#[derive(Debug, Clone)]
pub struct ClaimWorkRequest {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub count: u16,
}
proto_message!(ClaimWorkRequest = ClaimWorkRequest { task_queue_id, worker, count });

#[derive(Debug, Clone)]
pub struct ClaimTaskRequest {
    pub task_id: TaskId,
    pub run_id: RunId,
    pub worker: WorkerName,
}
proto_message!(ClaimTaskRequest = ClaimTaskRequest { task_id, run_id, worker });

#[derive(Debug, Clone, Copy)]
pub struct ReclaimTaskRequest {
    pub task_id: TaskId,
    pub run_id: RunId,
}
proto_message!(ReclaimTaskRequest = ReclaimTaskRequest { task_id, run_id });

/// A run that now belongs to a worker.
#[derive(Debug, Clone)]
pub struct Claim {
    pub run_id: RunId,
    pub worker: WorkerName,
    pub taken_until: Timestamp,
    pub status: TaskStatus,
    pub task: Definition,
    /// `scopes` of the definition, which the run's credentials carry.
    pub scopes: Vec<String>,
}
proto_message!(Claim = Claim { run_id, worker, taken_until, status, task, scopes });

#[derive(Debug, Clone)]
pub struct Reclaim {
    pub run_id: RunId,
    pub worker: WorkerName,
    pub taken_until: Timestamp,
    pub status: TaskStatus,
    pub scopes: Vec<String>,
}
proto_message!(Reclaim = Reclaim { run_id, worker, taken_until, status, scopes });

pub type Claims = Vec<Claim>;

impl Proto<proto::Claims> for Claims {
    fn into_proto(self) -> proto::Claims {
        proto::Claims { claims: self.into_proto() }
    }

    /// A claim that cannot be read takes no other with it. It is given again, or ends with its lease.
    fn from_proto(message: proto::Claims) -> Result<Self, InvalidMessage> {
        let readable = |claim: proto::Claim| {
            Claim::from_proto(claim).inspect_err(|error| tracing::error!(%error, "cannot decode claim")).ok()
        };
        Ok(message.claims.into_iter().filter_map(readable).collect())
    }
}
