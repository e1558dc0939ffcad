//! Workers and task queues, as the queue has seen them.

use protocol::{
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    proto,
    time::Timestamp,
};

use crate::kit::rpc::{InvalidMessage, Proto, proto_message};

#[derive(Debug, Clone)]
pub struct Worker {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub first_claim: Timestamp,
    pub last_date_active: Timestamp,
    pub expires: Timestamp,
    pub quarantine_until: Option<Timestamp>,
    /// Oldest first, at most 20.
    pub recent_tasks: Vec<(TaskId, RunId)>,
}
proto_message!(
    Worker = Worker { task_queue_id, worker, first_claim, last_date_active, expires, quarantine_until, recent_tasks }
);

#[derive(Debug, Clone)]
pub struct WorkerRef {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
}
proto_message!(WorkerRef = WorkerRef { task_queue_id, worker });

#[derive(Debug, Clone)]
pub struct QuarantineWorkerRequest {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub until: Timestamp,
    /// Why, for people.
    pub info: Option<String>,
    /// Who gave the order.
    pub client_id: String,
}
proto_message!(QuarantineWorkerRequest = QuarantineWorkerRequest { task_queue_id, worker, until, info, client_id });

#[derive(Debug, Clone)]
pub struct DeclareWorkerRequest {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub expires: Timestamp,
}
proto_message!(DeclareWorkerRequest = DeclareWorkerRequest { task_queue_id, worker, expires });

#[derive(Debug, Clone)]
pub struct TaskQueue {
    pub task_queue_id: TaskQueueId,
    pub last_date_active: Timestamp,
    pub expires: Timestamp,
}
proto_message!(TaskQueue = TaskQueue { task_queue_id, last_date_active, expires });

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueCounts {
    pub pending: i64,
    pub claimed: i64,
}
proto_message!(QueueCounts = QueueCounts { pending, claimed });

impl Proto<proto::RunRef> for (TaskId, RunId) {
    fn into_proto(self) -> proto::RunRef {
        proto::RunRef { task_id: self.0.into_proto(), run_id: self.1.into_proto() }
    }

    fn from_proto(message: proto::RunRef) -> Result<Self, InvalidMessage> {
        Ok((TaskId::from_proto(message.task_id)?, RunId::from_proto(message.run_id)?))
    }
}
