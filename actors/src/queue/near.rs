//! The queue in this process: how each question and command gets to the lanes, the pool or straight to the database. Each is
//! answered within a deadline.

use std::time::Duration;

use protocol::{
    explain::Explanation,
    id::{RunId, TaskGroupId, TaskId, TaskQueueId, WorkerName},
    state::Priority,
    status::TaskStatus,
    time::Timestamp,
};

use super::{
    QueueError, QueueMsg, Report,
    claim_work::{self, ClaimOperation},
    create_task::{self, CreateTask},
    explain, list,
    parts::Environment,
    read_task::{self, ReadTask},
    reclaim_task::{self, ReclaimTask},
    report_run::{self, ReportRun},
    types::{
        CanceledGroup, Claim, ClaimWork, ClaimedTask, Definition, NewGraph, NewTask, PendingTask, QueueCounts, Reclaim,
        TaskAndStatus, TaskGroup, TaskQueue, Worker,
    },
    workers::{self, Quarantine},
};
use crate::kit::{Batcher, Notifications, Page, PageAfter, PendingNotifier, Pool, Reads, Reply};

/// Its lanes and its pool. Cheap to clone.
#[derive(Clone)]
pub(super) struct Near {
    pub(super) create: Batcher<CreateTask>,
    pub(super) claim: Batcher<ClaimOperation>,
    pub(super) report: Batcher<ReportRun>,
    pub(super) reclaim: Batcher<ReclaimTask>,
    pub(super) read: Batcher<ReadTask>,
    pub(super) pool: Pool<QueueMsg>,
    pub(super) reads: Reads,
    pub(super) environment: Environment,
    pub(super) request_timeout: Duration,
    pub(super) long_poll: Duration,
}

type Answer<T> = Result<T, QueueError>;

/// A whole graph may take longer than one task.
pub(super) const GRAPH_PATIENCE: Duration = Duration::from_mins(1);

impl Near {
    pub(super) async fn create_task(&self, task: NewTask) -> Answer<TaskStatus> {
        use db::queue::Created;
        let id = task.task_id;
        let (outcome, now) = create_task::run(&self.create, &task, self.request_timeout).await?;
        if let Some(refusal) = create_task::refusal(id, &task.definition, &outcome) {
            return Err(refusal);
        }
        match outcome {
            Created::New { ready } => Ok(create_task::status_of_new(task, ready, now)),
            _ => self.status(id).await,
        }
    }

    pub(super) async fn create_graph(&self, graph: NewGraph) -> Answer<Vec<TaskStatus>> {
        let key = graph.submit_key.clone();
        self.ask_within(GRAPH_PATIENCE, key, |reply| QueueMsg::CreateGraph(graph, reply)).await
    }

    pub(super) async fn tasks(&self, ids: Vec<TaskId>) -> Answer<Vec<(TaskId, Definition)>> {
        if let [id] = ids[..] {
            let task = read_task::run(&self.read, id, true, self.request_timeout).await?;
            return Ok(task.into_iter().map(|task| (id, Definition(task.definition))).collect());
        }
        self.read(list::tasks(&self.environment, &ids)).await
    }

    pub(super) async fn status(&self, id: TaskId) -> Answer<TaskStatus> {
        self.statuses(vec![id]).await?.into_iter().next().ok_or(QueueError::NoSuchTask(id))
    }

    pub(super) async fn statuses(&self, ids: Vec<TaskId>) -> Answer<Vec<TaskStatus>> {
        if let [id] = ids[..] {
            let task = read_task::run(&self.read, id, false, self.request_timeout).await?;
            return Ok(task.into_iter().map(|task| task.status).collect());
        }
        self.read(list::statuses(&self.environment, &ids)).await
    }

    pub(super) async fn dependents(&self, id: TaskId, page: PageAfter<TaskId>) -> Answer<Page<TaskAndStatus, TaskId>> {
        self.read(list::dependents(&self.environment, id, page)).await
    }

    pub(super) async fn explain(&self, id: TaskId) -> Answer<Explanation> {
        self.read(explain::run(&self.environment, id)).await
    }

    pub(super) async fn schedule_task(&self, id: TaskId) -> Answer<TaskStatus> {
        self.ask(id.to_string(), |reply| QueueMsg::ScheduleTask(id, reply)).await
    }

    pub(super) async fn rerun_task(&self, id: TaskId) -> Answer<TaskStatus> {
        self.ask(id.to_string(), |reply| QueueMsg::RerunTask(id, reply)).await
    }

    pub(super) async fn cancel_task(&self, id: TaskId) -> Answer<TaskStatus> {
        self.ask(id.to_string(), |reply| QueueMsg::CancelTask(id, reply)).await
    }

    pub(super) async fn change_task_priority(&self, id: TaskId, to: Priority) -> Answer<TaskStatus> {
        self.ask(id.to_string(), |reply| QueueMsg::ChangeTaskPriority(id, to, reply)).await
    }

    pub(super) async fn task_group(&self, id: TaskGroupId) -> Answer<TaskGroup> {
        self.read(list::task_group(&self.environment, id)).await
    }

    pub(super) async fn list_task_group(
        &self,
        id: TaskGroupId,
        page: PageAfter<TaskId>,
    ) -> Answer<(TaskGroup, Page<TaskAndStatus, TaskId>)> {
        self.read(list::task_group_tasks(&self.environment, id, page)).await
    }

    pub(super) async fn seal_task_group(&self, id: TaskGroupId) -> Answer<TaskGroup> {
        self.ask(id.to_string(), |reply| QueueMsg::SealTaskGroup(id, reply)).await
    }

    pub(super) async fn cancel_task_group(&self, id: TaskGroupId) -> Answer<CanceledGroup> {
        self.ask(id.to_string(), |reply| QueueMsg::CancelTaskGroup(id, reply)).await
    }

    pub(super) async fn change_task_group_priority(
        &self,
        id: TaskGroupId,
        to: Priority,
    ) -> Answer<(TaskGroup, Vec<TaskId>)> {
        self.ask(id.to_string(), |reply| QueueMsg::ChangeTaskGroupPriority(id, to, reply)).await
    }

    pub(super) async fn take_work(&self, ask: ClaimWork) -> Answer<Vec<Claim>> {
        claim_work::run(&self.claim, &self.environment.db, ask, self.long_poll).await
    }

    pub(super) async fn claim_task(&self, id: TaskId, run: RunId, worker: WorkerName) -> Answer<Claim> {
        self.ask(id.to_string(), |reply| QueueMsg::ClaimTask(id, run, worker, reply)).await
    }

    pub(super) async fn reclaim_task(&self, id: TaskId, run: RunId) -> Answer<Reclaim> {
        reclaim_task::run(&self.reclaim, id, run, self.request_timeout).await
    }

    pub(super) async fn report(&self, id: TaskId, run: RunId, report: Report) -> Answer<TaskStatus> {
        report_run::run(self, id, run, report, false).await
    }

    pub(super) async fn report_whole(&self, id: TaskId, run: RunId, report: Report) -> Answer<TaskStatus> {
        report_run::run(self, id, run, report, true).await
    }

    pub(super) async fn counts(&self, queue: TaskQueueId) -> Answer<QueueCounts> {
        self.read(list::counts(&self.environment, &queue)).await
    }

    pub(super) async fn pending_tasks(
        &self,
        queue: TaskQueueId,
        page: PageAfter<i64>,
    ) -> Answer<Page<PendingTask, i64>> {
        self.read(list::pending_tasks(&self.environment, &queue, page)).await
    }

    pub(super) async fn claimed_tasks(
        &self,
        queue: TaskQueueId,
        page: PageAfter<TaskId>,
    ) -> Answer<Page<ClaimedTask, TaskId>> {
        self.read(list::claimed_tasks(&self.environment, &queue, page)).await
    }

    pub(super) async fn task_queues(
        &self,
        provisioner_id: Option<String>,
        page: PageAfter<TaskQueueId>,
    ) -> Answer<Page<TaskQueue, TaskQueueId>> {
        self.read(workers::queues(&self.environment, provisioner_id.as_deref(), page)).await
    }

    pub(super) async fn task_queue(&self, queue: TaskQueueId) -> Answer<TaskQueue> {
        self.read(workers::queue(&self.environment, &queue)).await
    }

    pub(super) async fn worker(&self, queue: TaskQueueId, worker: WorkerName) -> Answer<Worker> {
        self.read(workers::one(&self.environment, &queue, worker)).await
    }

    pub(super) async fn workers(
        &self,
        queue: TaskQueueId,
        page: PageAfter<WorkerName>,
    ) -> Answer<Page<Worker, WorkerName>> {
        self.read(workers::all(&self.environment, &queue, page)).await
    }

    pub(super) async fn quarantine_worker(&self, order: Quarantine) -> Answer<Worker> {
        let key = worker_key(&order.task_queue_id, &order.worker);
        self.ask(key, |reply| QueueMsg::QuarantineWorker(order, reply)).await
    }

    pub(super) async fn declare_worker(
        &self,
        queue: TaskQueueId,
        worker: WorkerName,
        expires: Timestamp,
    ) -> Answer<Worker> {
        let key = worker_key(&queue, &worker);
        self.ask(key, |reply| QueueMsg::DeclareWorker(queue, worker, expires, reply)).await
    }

    /// The wake-ups that the queue gives after commits, for parts that change tasks as time does.
    pub(super) fn notifications(&self) -> Notifications {
        self.environment.notifications.clone()
    }

    /// Workers who wait are sent away with nothing.
    pub(super) fn close(&self) {
        claim_work::close(&self.claim);
    }

    /// For the word of another process that tasks became pending: wakes those who wait at this desk, and nobody else.
    pub(super) fn claimers(&self) -> PendingNotifier {
        let lanes = self.claim.clone();
        std::sync::Arc::new(move |queue, tasks| {
            claim_work::wake(&lanes, queue, tasks);
        })
    }

    /// Reads need no order: none waits behind another.
    async fn read<T>(&self, read: impl Future<Output = Answer<T>>) -> Answer<T> {
        // Boxed: the callers' futures would otherwise hold the largest of all reads.
        self.reads.run(self.request_timeout, Box::pin(read)).await?
    }

    async fn ask<T: Send + 'static>(
        &self,
        key: String,
        message: impl FnOnce(Reply<Answer<T>>) -> QueueMsg,
    ) -> Answer<T> {
        self.ask_within(self.request_timeout, key, message).await
    }

    /// Commands of one key are carried out one after the other, in the order they came.
    async fn ask_within<T: Send + 'static>(
        &self,
        request_timeout: Duration,
        key: String,
        message: impl FnOnce(Reply<Answer<T>>) -> QueueMsg,
    ) -> Answer<T> {
        self.pool.call(key, request_timeout, message).await?
    }
}

fn worker_key(queue: &TaskQueueId, worker: &WorkerName) -> String {
    format!("{queue}/{}/{}", worker.worker_group, worker.worker_id)
}
