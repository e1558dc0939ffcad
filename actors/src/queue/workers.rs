//! Workers and task queues as the queue has seen them, and quarantine.

use db::queue::{TaskQueueRow, WorkerRow};
use protocol::{
    id::{TaskQueueId, WorkerName},
    time::{Timestamp, format},
};
use serde_json::json;

use super::{
    Environment, QueueError,
    types::{TaskQueue, Worker},
};
use crate::kit::{Page, PageAfter};

/// The order to keep a worker from tasks.
#[derive(Debug, Clone)]
pub struct Quarantine {
    pub task_queue_id: TaskQueueId,
    pub worker: WorkerName,
    pub until: Timestamp,
    /// Why, for people.
    pub info: Option<String>,
    /// Who gave the order.
    pub client_id: String,
}

type Answer<T> = Result<T, QueueError>;

pub(super) async fn one(queue: &Environment, id: &TaskQueueId, worker: WorkerName) -> Answer<Worker> {
    queue.notes.try_write(&queue.db).await;
    let row = queue.db.worker(id, &worker, queue.now()).await?;
    row.map(worker_of).ok_or(QueueError::NoSuchWorker(worker))
}

pub(super) async fn all(
    queue: &Environment,
    id: &TaskQueueId,
    page: PageAfter<WorkerName>,
) -> Answer<Page<Worker, WorkerName>> {
    queue.notes.try_write(&queue.db).await;
    let rows = queue.db.workers(id, page.after.as_ref(), page.rows(), queue.now()).await?;
    Ok(Page::cut(rows, page.limit, |row| row.worker.clone()).map(worker_of))
}

pub(super) async fn quarantine(queue: &Environment, order: Quarantine) -> Answer<Worker> {
    queue.notes.try_write(&queue.db).await;
    let now = queue.now();
    let details = json!([{
        "clientId": order.client_id,
        "updatedAt": format(now),
        "quarantineUntil": format(order.until),
        "quarantineInfo": order.info.unwrap_or_default(),
    }]);
    let row = queue.db.quarantine_worker(&order.task_queue_id, &order.worker, order.until, details, now).await?;
    row.map(worker_of).ok_or(QueueError::NoSuchWorker(order.worker))
}

pub(super) async fn declare(
    queue: &Environment,
    id: &TaskQueueId,
    worker: &WorkerName,
    expires: Timestamp,
) -> Answer<Worker> {
    let now = queue.now();
    let row = queue.db.declare_worker(id, worker, expires, now).await?;
    // Whose record has expired is gone, and will not report: its tasks need not wait for their leases to end.
    if expires <= now {
        let retired = queue.db.retire_worker(id, worker, now).await?;
        if retired.ended > 0 {
            tracing::info!(queue.id = %id, worker.id = worker.worker_id, runs = retired.ended, "a worker is gone; its tasks are retried");
            queue.notifications.tasks_resolved(&retired.newly_pending);
        }
    }
    Ok(worker_of(row))
}

pub(super) async fn queue(queue: &Environment, id: &TaskQueueId) -> Answer<TaskQueue> {
    let rows = queue.db.task_queues(Some(id), None, None, 1, queue.now()).await?;
    rows.into_iter().next().map(queue_of).ok_or_else(|| QueueError::NoSuchQueue(format!("task queue {id}")))
}

pub(super) async fn queues(
    queue: &Environment,
    provisioner_id: Option<&str>,
    page: PageAfter<TaskQueueId>,
) -> Answer<Page<TaskQueue, TaskQueueId>> {
    let limit = page.rows();
    let rows = queue.db.task_queues(None, provisioner_id, page.after.as_ref(), limit, queue.now()).await?;
    Ok(Page::cut(rows, page.limit, |row| row.task_queue_id.clone()).map(queue_of))
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

fn queue_of(row: TaskQueueRow) -> TaskQueue {
    TaskQueue { task_queue_id: row.task_queue_id, last_date_active: row.last_date_active, expires: row.expires }
}
