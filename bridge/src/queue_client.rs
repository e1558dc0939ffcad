//! The queue as a client: every call needs the scopes that it would need over HTTP.

use std::{collections::HashMap, sync::Arc};

use actors::{
    auth::Auth,
    kit::PageAfter,
    queue::{
        Queue, QueueError, Report,
        types::{ClaimTaskRequest, ListPendingTasksRequest, PendingTask, ReclaimTaskRequest, ReportRequest},
    },
};
use base::Clock;
use protocol::{
    error::ErrorCode,
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    scope::{ScopeSet, roles::TooManyScopes},
    state::{ReasonCreated, TaskState},
    status::TaskStatus,
    task::TaskDefinition,
    time::Timestamp,
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueClientError {
    /// The task is in another state than expected: read its status.
    #[error("{0}")]
    Refused(String),
    #[error("the client `{client_id}` of the bridge lacks the scope {scope}; give it that")]
    Forbidden { client_id: String, scope: String },
    #[error("{0}")]
    Unavailable(String),
}

impl From<QueueError> for QueueClientError {
    fn from(error: QueueError) -> Self {
        match error.code() {
            ErrorCode::ServiceUnavailable | ErrorCode::InternalServerError => Self::Unavailable(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

type ClientResult<T> = Result<T, QueueClientError>;

/// The client that the bridge acts as.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A client of the auth service.
    Client(String),
    /// A built-in one, with exactly the scopes that these task queues and masters need.
    Own,
}

/// The queue, for one master.
#[derive(Clone)]
pub(crate) struct QueueClient {
    pub(crate) queue: Queue,
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identity: Identity,
    pub(crate) task_queue_id: TaskQueueId,
    /// All workers of this master are in this group.
    pub(crate) worker_group: String,
}

/// The state of a run, as far as this master is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunOwnership {
    Pending,
    /// Running, claimed by a worker of this master until then.
    Claimed(Timestamp),
    /// Resolved by the queue, which created this next run.
    Superseded(RunId),
    /// Resolved, or claimed by a worker of another group.
    Ended,
}

impl QueueClient {
    pub(crate) async fn status(&self, task_id: TaskId) -> ClientResult<TaskStatus> {
        Ok(self.queue.status(task_id).await?)
    }

    /// A task that does not exist any more counts as ended.
    pub(crate) async fn ownership(&self, task_id: TaskId, run_id: RunId) -> ClientResult<RunOwnership> {
        match self.status(task_id).await {
            Ok(status) => Ok(self.ownership_in(&status, run_id)),
            Err(QueueClientError::Refused(_)) => Ok(RunOwnership::Ended),
            Err(error) => Err(error),
        }
    }

    /// The same for many runs, in their order.
    pub(crate) async fn ownerships(&self, runs: &[(TaskId, RunId)]) -> ClientResult<Vec<RunOwnership>> {
        let statuses = self.queue.statuses(runs.iter().map(|(task_id, _)| *task_id).collect()).await?;
        let by_task: HashMap<TaskId, &TaskStatus> = statuses.iter().map(|status| (status.task_id, status)).collect();
        let ownership = |(task_id, run_id): &(TaskId, RunId)| {
            by_task.get(task_id).map_or(RunOwnership::Ended, |status| self.ownership_in(status, *run_id))
        };
        Ok(runs.iter().map(ownership).collect())
    }

    fn ownership_in(&self, status: &TaskStatus, run_id: RunId) -> RunOwnership {
        let Some(last) = status.runs.last() else { return RunOwnership::Ended };
        let retried = matches!(last.reason_created, ReasonCreated::Retry | ReasonCreated::TaskRetry);
        let ours = last.worker_group.as_deref() == Some(&self.worker_group);
        match last.state {
            TaskState::Pending if last.run_id == run_id => RunOwnership::Pending,
            TaskState::Pending if last.run_id > run_id && retried => RunOwnership::Superseded(last.run_id),
            TaskState::Running if last.run_id == run_id && ours => {
                RunOwnership::Claimed(last.taken_until.unwrap_or_default())
            }
            _ => RunOwnership::Ended,
        }
    }

    pub(crate) async fn definition(&self, task_id: TaskId) -> ClientResult<TaskDefinition> {
        let text = self.queue.task(task_id).await?.0;
        serde_json::from_str(&text)
            .map_err(|error| QueueClientError::Unavailable(format!("the task cannot be read: {error}")))
    }

    /// The pending tasks of the master's task queue, page by page.
    pub(crate) async fn pending(
        &self,
        after: Option<i64>,
        limit: i64,
    ) -> ClientResult<(Vec<PendingTask>, Option<i64>)> {
        self.require(&format!("queue:pending-list:{}", self.task_queue_id))?;
        let (task_queue_id, page) = (self.task_queue_id.clone(), PageAfter { after, limit });
        let page = self.queue.pending_tasks(ListPendingTasksRequest { task_queue_id, page }).await?;
        Ok((page.rows, page.next))
    }

    /// Until when the run is claimed.
    pub(crate) async fn claim(&self, task_id: TaskId, run_id: RunId, worker: WorkerName) -> ClientResult<Timestamp> {
        self.require(&format!("queue:claim-task:{}", self.task_queue_id))?;
        self.require(&format!("queue:worker-id:{}/{}", worker.worker_group, worker.worker_id))?;
        Ok(self.queue.claim_task(ClaimTaskRequest { task_id, run_id, worker }).await?.taken_until)
    }

    /// The scopes for this come with the claim, as those to report and to create artifacts do.
    pub(crate) async fn reclaim(&self, task_id: TaskId, run_id: RunId) -> ClientResult<Timestamp> {
        Ok(self.queue.reclaim_task(ReclaimTaskRequest { task_id, run_id }).await?.taken_until)
    }

    pub(crate) async fn report(&self, task_id: TaskId, run_id: RunId, report: Report) -> ClientResult<TaskStatus> {
        Ok(self.queue.report(ReportRequest::new(task_id, run_id, report)).await?)
    }

    pub(crate) async fn cancel_task(&self, task_id: TaskId) -> ClientResult<TaskStatus> {
        let status = self.queue.status(task_id).await?;
        let scope = format!("queue:cancel-task:{}/{}/{task_id}", status.scheduler_id, status.task_group_id);
        if self.require(&format!("queue:cancel-task-in-project:{}", status.project_id)).is_err() {
            self.require(&scope)?;
        }
        Ok(self.queue.cancel_task(task_id).await?)
    }

    /// The scopes of a task, roles expanded.
    pub(crate) fn scopes_of(&self, task: &TaskDefinition) -> Result<ScopeSet, TooManyScopes> {
        self.auth.clients().now().roles().expand(&task.scopes)
    }

    fn require(&self, scope: &str) -> ClientResult<()> {
        let known = self.auth.clients().now();
        let (client_id, held) = match &self.identity {
            Identity::Own => ("bridge", self.own_scopes().satisfies(scope)),
            Identity::Client(id) => {
                let now = self.clock.now();
                let valid = known.client(id).filter(|client| client.expires.is_none_or(|expires| expires > now));
                let held = valid.is_some_and(|client| known.powers_of(client).is_ok_and(|held| held.satisfies(scope)));
                (id.as_str(), held)
            }
        };
        if held {
            return Ok(());
        }
        Err(QueueClientError::Forbidden { client_id: client_id.to_owned(), scope: scope.to_owned() })
    }

    fn own_scopes(&self) -> ScopeSet {
        ScopeSet::new([
            format!("queue:claim-task:{}", self.task_queue_id),
            format!("queue:worker-id:{}/*", self.worker_group),
            format!("queue:pending-list:{}", self.task_queue_id),
            "queue:cancel-task:*".to_owned(),
        ])
    }
}
