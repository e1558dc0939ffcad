//! The queue as a client sees it: every call needs the scopes that it would need over HTTP.

use std::{collections::HashMap, sync::Arc};

use actors::{
    auth::Auth,
    kit::PageAfter,
    queue::{Queue, QueueError, Report, types::PendingTask},
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

/// Why the queue did not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueFault {
    /// The task is not as we thought: read its status.
    #[error("{0}")]
    Refused(String),
    #[error("the client `{client_id}` of the bridge lacks the scope {scope}; give it that")]
    Forbidden { client_id: String, scope: String },
    #[error("{0}")]
    Away(String),
}

impl From<QueueError> for QueueFault {
    fn from(error: QueueError) -> Self {
        match error.code() {
            ErrorCode::ServiceUnavailable | ErrorCode::InternalServerError => Self::Away(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

type Answer<T> = Result<T, QueueFault>;

/// In whose name the bridge speaks.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A client that auth knows.
    Client(String),
    /// The bridge's own, which may do what is needed for these task queues and masters, and nothing else.
    Own,
}

/// The door to the queue for one master.
#[derive(Clone)]
pub(crate) struct QueueClient {
    pub(crate) queue: Queue,
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identity: Identity,
    pub(crate) task_queue_id: TaskQueueId,
    /// The group of all workers of this master.
    pub(crate) worker_group: String,
}

/// How a run stands with us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Pending,
    /// Running, claimed by a worker of this master.
    Ours(Timestamp),
    /// The run ended without us, and the queue itself made this next one.
    Followed(RunId),
    /// Resolved, or somebody else's.
    Over,
}

impl QueueClient {
    pub(crate) async fn status(&self, task_id: TaskId) -> Answer<TaskStatus> {
        Ok(self.queue.status(task_id).await?)
    }

    /// How this run of a task stands. A task that is gone is over.
    pub(crate) async fn standing(&self, task_id: TaskId, run_id: RunId) -> Answer<Standing> {
        match self.status(task_id).await {
            Ok(status) => Ok(self.standing_in(&status, run_id)),
            Err(QueueFault::Refused(_)) => Ok(Standing::Over),
            Err(error) => Err(error),
        }
    }

    /// The same of many runs, in their order.
    pub(crate) async fn standings(&self, runs: &[(TaskId, RunId)]) -> Answer<Vec<Standing>> {
        let statuses = self.queue.statuses(runs.iter().map(|(task_id, _)| *task_id).collect()).await?;
        let by_task: HashMap<TaskId, &TaskStatus> = statuses.iter().map(|status| (status.task_id, status)).collect();
        let standing = |(task_id, run_id): &(TaskId, RunId)| {
            by_task.get(task_id).map_or(Standing::Over, |status| self.standing_in(status, *run_id))
        };
        Ok(runs.iter().map(standing).collect())
    }

    fn standing_in(&self, status: &TaskStatus, run_id: RunId) -> Standing {
        let Some(last) = status.runs.last() else { return Standing::Over };
        let retried = matches!(last.reason_created, ReasonCreated::Retry | ReasonCreated::TaskRetry);
        let ours = last.worker_group.as_deref() == Some(&self.worker_group);
        match last.state {
            TaskState::Pending if last.run_id == run_id => Standing::Pending,
            TaskState::Pending if last.run_id > run_id && retried => Standing::Followed(last.run_id),
            TaskState::Running if last.run_id == run_id && ours => Standing::Ours(last.taken_until.unwrap_or_default()),
            _ => Standing::Over,
        }
    }

    pub(crate) async fn definition(&self, task_id: TaskId) -> Answer<TaskDefinition> {
        let text = self.queue.task(task_id).await?.0;
        serde_json::from_str(&text).map_err(|error| QueueFault::Away(format!("the task cannot be read: {error}")))
    }

    /// What waits in the master's task queue, page by page.
    pub(crate) async fn pending(&self, after: Option<i64>, limit: i64) -> Answer<(Vec<PendingTask>, Option<i64>)> {
        self.need(&format!("queue:pending-list:{}", self.task_queue_id))?;
        let page = self.queue.pending_tasks(self.task_queue_id.clone(), PageAfter { after, limit }).await?;
        Ok((page.rows, page.next))
    }

    /// Until when the run is ours.
    pub(crate) async fn claim(&self, task_id: TaskId, run_id: RunId, worker: WorkerName) -> Answer<Timestamp> {
        self.need(&format!("queue:claim-task:{}", self.task_queue_id))?;
        self.need(&format!("queue:worker-id:{}/{}", worker.worker_group, worker.worker_id))?;
        Ok(self.queue.claim_task(task_id, run_id, worker).await?.taken_until)
    }

    /// The right to this comes with the claim, as that to report and to make artifacts does.
    pub(crate) async fn reclaim(&self, task_id: TaskId, run_id: RunId) -> Answer<Timestamp> {
        Ok(self.queue.reclaim_task(task_id, run_id).await?.taken_until)
    }

    pub(crate) async fn report(&self, task_id: TaskId, run_id: RunId, report: Report) -> Answer<TaskStatus> {
        Ok(self.queue.report(task_id, run_id, report).await?)
    }

    pub(crate) async fn cancel_task(&self, task_id: TaskId) -> Answer<TaskStatus> {
        let status = self.queue.status(task_id).await?;
        let scope = format!("queue:cancel-task:{}/{}/{task_id}", status.scheduler_id, status.task_group_id);
        if self.need(&format!("queue:cancel-task-in-project:{}", status.project_id)).is_err() {
            self.need(&scope)?;
        }
        Ok(self.queue.cancel_task(task_id).await?)
    }

    /// What a task may do, with what roles add to it.
    pub(crate) fn scopes_of(&self, task: &TaskDefinition) -> Result<ScopeSet, TooManyScopes> {
        self.auth.clients().now().roles().expand(&task.scopes)
    }

    fn need(&self, scope: &str) -> Answer<()> {
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
        Err(QueueFault::Forbidden { client_id: client_id.to_owned(), scope: scope.to_owned() })
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
