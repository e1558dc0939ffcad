//! Questions: definitions, statuses, groups, and what waits in a queue.

use db::queue::{GroupRow, TaskRow};
use protocol::{
    id::{TaskGroupId, TaskId, TaskQueueId},
    status::TaskStatus,
};

use super::{
    Environment, QueueError,
    types::{ClaimedTask, Definition, PendingTask, QueueCounts, TaskAndStatus, TaskGroup},
};
use crate::kit::{Page, PageAfter};

type Answer<T> = Result<T, QueueError>;

pub(super) async fn tasks(queue: &Environment, ids: &[TaskId]) -> Answer<Vec<(TaskId, Definition)>> {
    let rows = queue.db.tasks(ids, true).await?;
    Ok(rows.into_iter().map(|row| (row.status.task_id, Definition(row.definition))).collect())
}

pub(super) async fn statuses(queue: &Environment, ids: &[TaskId]) -> Answer<Vec<TaskStatus>> {
    let rows = queue.db.tasks(ids, false).await?;
    Ok(rows.into_iter().map(|row| row.status).collect())
}

pub(super) async fn dependents(
    queue: &Environment,
    id: TaskId,
    page: PageAfter<TaskId>,
) -> Answer<Page<TaskAndStatus, TaskId>> {
    if queue.db.tasks(&[id], false).await?.is_empty() {
        return Err(QueueError::NoSuchTask(id));
    }
    let rows = queue.db.task_dependents(id, page.after, page.rows()).await?;
    Ok(Page::cut(rows, page.limit, |row| row.status.task_id).map(task_and_status))
}

pub(super) async fn task_group(queue: &Environment, id: TaskGroupId) -> Answer<TaskGroup> {
    queue.db.task_group(id).await?.map(group_of).ok_or(QueueError::NoSuchGroup(id))
}

pub(super) async fn task_group_tasks(
    queue: &Environment,
    id: TaskGroupId,
    page: PageAfter<TaskId>,
) -> Answer<(TaskGroup, Page<TaskAndStatus, TaskId>)> {
    let group = task_group(queue, id).await?;
    let rows = queue.db.task_group_tasks(id, page.after, page.rows()).await?;
    Ok((group, Page::cut(rows, page.limit, |row| row.status.task_id).map(task_and_status)))
}

pub(super) async fn counts(queue: &Environment, id: &TaskQueueId) -> Answer<QueueCounts> {
    let (pending, claimed) = queue.db.queue_counts(id, queue.now()).await?;
    Ok(QueueCounts { pending, claimed })
}

pub(super) async fn pending_tasks(
    queue: &Environment,
    id: &TaskQueueId,
    page: PageAfter<i64>,
) -> Answer<Page<PendingTask, i64>> {
    let rows = queue.db.pending_tasks(id, page.after, page.rows(), queue.now()).await?;
    Ok(Page::cut(rows, page.limit, |row| row.seq).map(|row| PendingTask {
        task_id: row.task_id,
        run_id: row.run_id,
        inserted: row.inserted,
        task: Definition(row.definition),
    }))
}

pub(super) async fn claimed_tasks(
    queue: &Environment,
    id: &TaskQueueId,
    page: PageAfter<TaskId>,
) -> Answer<Page<ClaimedTask, TaskId>> {
    let rows = queue.db.claimed_tasks(id, page.after, page.rows(), queue.now()).await?;
    Ok(Page::cut(rows, page.limit, |row| row.task_id).map(|row| ClaimedTask {
        task_id: row.task_id,
        run_id: row.run_id,
        worker: row.worker,
        claimed: row.claimed,
        task: Definition(row.definition),
    }))
}

pub(super) fn group_of(row: GroupRow) -> TaskGroup {
    TaskGroup {
        task_group_id: row.task_group_id,
        scheduler_id: row.scheduler_id,
        expires: row.expires,
        sealed: row.sealed,
    }
}

fn task_and_status(row: TaskRow) -> TaskAndStatus {
    TaskAndStatus { task: Definition(row.definition), status: row.status }
}
