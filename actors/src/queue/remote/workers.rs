//! Workers and task queues.

use protocol::{
    id::{TaskQueueId, WorkerName},
    proto,
    time::Timestamp,
};

use super::{
    Unreadable, Wire,
    page::Key,
    wire::{all, inner, time},
};
use crate::kit::Page;
use crate::queue::{
    Quarantine,
    types::{TaskQueue, Worker},
};

impl Wire for TaskQueue {
    type Message = proto::TaskQueue;

    fn write(self) -> proto::TaskQueue {
        proto::TaskQueue {
            task_queue_id: self.task_queue_id.0,
            last_date_active_ms: self.last_date_active.timestamp_millis(),
            expires_ms: self.expires.timestamp_millis(),
        }
    }

    fn read(message: proto::TaskQueue) -> Result<Self, Unreadable> {
        Ok(Self {
            task_queue_id: TaskQueueId(message.task_queue_id),
            last_date_active: time("last_date_active_ms", message.last_date_active_ms)?,
            expires: time("expires_ms", message.expires_ms)?,
        })
    }
}

impl Wire for Page<TaskQueue, TaskQueueId> {
    type Message = proto::TaskQueues;

    fn write(self) -> proto::TaskQueues {
        let queues = self.rows.into_iter().map(Wire::write).collect();
        proto::TaskQueues { queues, next: self.next.map(Key::words).unwrap_or_default() }
    }

    fn read(message: proto::TaskQueues) -> Result<Self, Unreadable> {
        Ok(Self { rows: all(message.queues)?, next: TaskQueueId::maybe(&message.next)? })
    }
}

impl Wire for (TaskQueueId, WorkerName) {
    type Message = proto::WorkerRef;

    fn write(self) -> proto::WorkerRef {
        proto::WorkerRef { task_queue_id: self.0.0, worker: Some(self.1.write()) }
    }

    fn read(message: proto::WorkerRef) -> Result<Self, Unreadable> {
        Ok((TaskQueueId(message.task_queue_id), inner("worker", message.worker)?))
    }
}

impl Wire for (TaskQueueId, WorkerName, Timestamp) {
    type Message = proto::WorkerDeclared;

    fn write(self) -> proto::WorkerDeclared {
        let expires_ms = self.2.timestamp_millis();
        proto::WorkerDeclared { task_queue_id: self.0.0, worker: Some(self.1.write()), expires_ms }
    }

    fn read(message: proto::WorkerDeclared) -> Result<Self, Unreadable> {
        let expires = time("expires_ms", message.expires_ms)?;
        Ok((TaskQueueId(message.task_queue_id), inner("worker", message.worker)?, expires))
    }
}

impl Wire for Quarantine {
    type Message = proto::Quarantine;

    fn write(self) -> proto::Quarantine {
        proto::Quarantine {
            task_queue_id: self.task_queue_id.0,
            worker: Some(self.worker.write()),
            until_ms: self.until.timestamp_millis(),
            info: self.info,
            client_id: self.client_id,
        }
    }

    fn read(message: proto::Quarantine) -> Result<Self, Unreadable> {
        Ok(Self {
            task_queue_id: TaskQueueId(message.task_queue_id),
            worker: inner("worker", message.worker)?,
            until: time("until_ms", message.until_ms)?,
            info: message.info,
            client_id: message.client_id,
        })
    }
}

impl Wire for Worker {
    type Message = proto::Worker;

    fn write(self) -> proto::Worker {
        proto::Worker {
            task_queue_id: self.task_queue_id.0,
            worker: Some(self.worker.write()),
            first_claim_ms: self.first_claim.timestamp_millis(),
            last_date_active_ms: self.last_date_active.timestamp_millis(),
            expires_ms: self.expires.timestamp_millis(),
            quarantine_until_ms: self.quarantine_until.map(|at| at.timestamp_millis()),
            recent_tasks: self.recent_tasks.into_iter().map(Wire::write).collect(),
        }
    }

    fn read(message: proto::Worker) -> Result<Self, Unreadable> {
        let quarantine = message.quarantine_until_ms.map(|at| time("quarantine_until_ms", at));
        Ok(Self {
            task_queue_id: TaskQueueId(message.task_queue_id),
            worker: inner("worker", message.worker)?,
            first_claim: time("first_claim_ms", message.first_claim_ms)?,
            last_date_active: time("last_date_active_ms", message.last_date_active_ms)?,
            expires: time("expires_ms", message.expires_ms)?,
            quarantine_until: quarantine.transpose()?,
            recent_tasks: all(message.recent_tasks)?,
        })
    }
}

impl Wire for Page<Worker, WorkerName> {
    type Message = proto::Workers;

    fn write(self) -> proto::Workers {
        let workers = self.rows.into_iter().map(Wire::write).collect();
        proto::Workers { workers, next: self.next.map(Key::words).unwrap_or_default() }
    }

    fn read(message: proto::Workers) -> Result<Self, Unreadable> {
        Ok(Self { rows: all(message.workers)?, next: WorkerName::maybe(&message.next)? })
    }
}
