//! Workers as the queue has seen them, and quarantine.

use std::sync::Arc;

use db::queue::WorkerRow;
use protocol::time::format;
use serde_json::json;

use super::{
    error::QueueError,
    local::LocalQueue,
    types::{DeclareWorkerRequest, ListWorkersRequest, QuarantineWorkerRequest, Worker, WorkerList, WorkerRef},
};
use crate::kit::Page;

impl LocalQueue {
    pub(super) async fn worker(&self, request: WorkerRef) -> Result<Worker, QueueError> {
        let WorkerRef { task_queue_id: id, worker } = request;
        self.read(async {
            self.records.try_write(&self.db).await;
            let row = self.db.worker(&id, &worker, self.now()).await?;
            row.map(worker_of).ok_or(QueueError::NoSuchWorker(worker))
        })
        .await
    }

    pub(super) async fn workers(&self, request: ListWorkersRequest) -> Result<WorkerList, QueueError> {
        let ListWorkersRequest { task_queue_id: id, page } = request;
        self.read(async {
            self.records.try_write(&self.db).await;
            let rows = self.db.workers(&id, page.after.as_ref(), page.rows(), self.now()).await?;
            Ok(Page::cut(rows, page.limit, |row| row.worker.clone()).map(worker_of))
        })
        .await
    }

    pub(super) async fn quarantine_worker(
        self: &Arc<Self>,
        request: QuarantineWorkerRequest,
    ) -> Result<Worker, QueueError> {
        self.command(async move |queue| {
            queue.records.try_write(&queue.db).await;
            let now = queue.now();
            let QuarantineWorkerRequest { task_queue_id: id, worker, until, info, client_id } = request;
            let details = json!([{
                "clientId": client_id,
                "updatedAt": format(now),
                "quarantineUntil": format(until),
                "quarantineInfo": info.unwrap_or_default(),
            }]);
            let row = queue.db.quarantine_worker(&id, &worker, until, details, now).await?;
            row.map(worker_of).ok_or(QueueError::NoSuchWorker(worker))
        })
        .await
    }

    pub(super) async fn declare_worker(self: &Arc<Self>, request: DeclareWorkerRequest) -> Result<Worker, QueueError> {
        let DeclareWorkerRequest { task_queue_id: id, worker, expires } = request;
        self.command(async move |queue| {
            let now = queue.now();
            let row = queue.db.declare_worker(&id, &worker, expires, now).await?;
            // A worker whose record has expired is gone and will not report: its tasks need not wait for their leases.
            if expires <= now {
                let retired = queue.db.retire_worker(&id, &worker, now).await?;
                if retired.ended > 0 {
                    tracing::info!(queue.id = %id, worker.id = worker.worker_id, runs = retired.ended, "worker retired, its runs are retried");
                    queue.notifications.tasks_resolved(&retired.newly_pending);
                }
            }
            Ok(worker_of(row))
        })
        .await
    }
}

fn worker_of(row: WorkerRow) -> Worker {
    Worker {
        task_queue_id: row.task_queue_id,
        worker: row.worker,
        first_claim: row.first_claim,
        last_date_active: row.last_date_active,
        expires: row.expires,
        quarantine_until: row.quarantine_until,
        recent_tasks: row.recent_tasks,
    }
}
