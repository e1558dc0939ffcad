//! `createTask`: a lane that turns waiting creations into one call.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base::Clock;
use db::{
    BatchConnection, DbError,
    queue::{CreateBatch, Created, NewTaskRow, NewlyPending},
};
use protocol::{
    id::{TaskId, TaskQueueId},
    state::{ReasonCreated, TaskState},
    status::{RunStatus, TaskStatus},
    task::TaskDefinition,
    time::Timestamp,
};
use tokio::sync::oneshot;

use super::{
    QueueError,
    batching::{Tries, reply_unavailable, wait},
    error::list,
    types::NewTask,
};
use crate::kit::{BatchOperation, Batcher, Notifications, Recent};

/// A queue's record outlives this by far, so it need not be written more often.
const SEEN_FOR: Duration = Duration::from_mins(30);

/// Creates a task, or finds that it was created before. The outcome and the time it happened at.
pub(super) async fn run(batcher: &Batcher<CreateTask>, task: &NewTask, timeout: Duration) -> Answer {
    let row = row(task)?;
    let (reply, answer) = oneshot::channel();
    batcher.submit(Request { row, reply })?;
    wait(answer, timeout).await
}

/// The outcome, and the time of the call, which a new task's first run carries.
pub(super) type Answer = Result<(Created, Timestamp), QueueError>;

/// The status of a task that was new.
pub(super) fn status_of_new(task: NewTask, ready: bool, now: Timestamp) -> TaskStatus {
    let NewTask { task_id, definition } = task;
    let run = RunStatus {
        run_id: 0,
        state: TaskState::Pending,
        reason_created: ReasonCreated::Scheduled,
        reason_resolved: None,
        worker_group: None,
        worker_id: None,
        taken_until: None,
        scheduled: now,
        started: None,
        resolved: None,
    };
    TaskStatus {
        task_id,
        provisioner_id: definition.provisioner_id,
        worker_type: definition.worker_type,
        task_queue_id: definition.task_queue_id,
        scheduler_id: definition.scheduler_id,
        project_id: definition.project_id,
        task_group_id: definition.task_group_id,
        priority: definition.priority,
        deadline: definition.deadline,
        expires: definition.expires,
        retries_left: definition.retries,
        state: if ready { TaskState::Pending } else { TaskState::Unscheduled },
        runs: if ready { vec![run] } else { vec![] },
    }
}

/// Why a task was not created, or nothing when it is there as asked.
pub(super) fn refusal(id: TaskId, definition: &TaskDefinition, outcome: &Created) -> Option<QueueError> {
    let group = definition.task_group_id;
    match outcome {
        Created::New { .. } | Created::Same => None,
        Created::OtherDefinition => Some(QueueError::Conflict(format!(
            "taskId {id} is already used by another task: the definitions differ, or its priority was changed since"
        ))),
        Created::OtherScheduler { scheduler_id } => Some(QueueError::Conflict(format!(
            "taskGroupId {group} belongs to schedulerId `{scheduler_id}`, and the task has `{}`; use that schedulerId or \
             another taskGroupId",
            definition.scheduler_id
        ))),
        Created::GroupSealed => {
            Some(QueueError::Conflict(format!("taskGroupId {group} is sealed and takes no more tasks")))
        }
        Created::MissingDependencies(ids) => Some(QueueError::Field {
            field: "dependencies".to_owned(),
            expected: "name tasks that exist (missingTaskDependencies): create them first".to_owned(),
            got: list(ids),
        }),
        Created::ExpiringDependencies(ids) => Some(QueueError::Field {
            field: "dependencies".to_owned(),
            expected: "name tasks that do not expire before this task's deadline (expiringTaskDependencies)".to_owned(),
            got: list(ids),
        }),
    }
}

/// The columns of a task to be created.
pub(super) fn row(task: &NewTask) -> Result<NewTaskRow, QueueError> {
    let definition = &task.definition;
    let body = serde_json::to_string(definition)
        .map_err(|error| QueueError::Input(format!("the definition cannot be written as JSON: {error}")))?;
    Ok(NewTaskRow {
        task_id: task.task_id,
        task_group_id: definition.task_group_id,
        task_queue_id: definition.task_queue_id.clone(),
        scheduler_id: definition.scheduler_id.clone(),
        project_id: definition.project_id.clone(),
        priority: definition.priority,
        retries: definition.retries,
        requires: definition.requires,
        deadline: definition.deadline,
        expires: definition.expires,
        dependencies: definition.dependencies.clone(),
        has_routes: !definition.routes.is_empty(),
        body,
        trace: base::telemetry::traceparent(),
    })
}

/// The step.
pub(super) struct CreateTask {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) notifications: Notifications,
    pub(super) batch: usize,
    /// Queues whose record was written lately. Callers choose their names, so it is bounded.
    pub(super) seen: Mutex<Recent<TaskQueueId, Instant>>,
}

pub(super) struct Request {
    row: NewTaskRow,
    reply: oneshot::Sender<Answer>,
}

impl BatchOperation for CreateTask {
    type Request = Request;

    /// Stops before a task that comes twice or that depends on one taken already: its neighbours must be there first.
    fn take(&self, waiting: &mut VecDeque<Request>) -> Vec<Request> {
        let mut taken: HashSet<TaskId> = HashSet::new();
        let mut batch = Vec::new();
        while batch.len() < self.batch
            && let Some(next) = waiting.front()
        {
            let row = &next.row;
            if taken.contains(&row.task_id) || row.dependencies.iter().any(|required| taken.contains(required)) {
                break;
            }
            taken.insert(row.task_id);
            batch.extend(waiting.pop_front().filter(|request| !request.reply.is_closed()));
        }
        batch
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<Request>) {
        let now = self.clock.now();
        let (rows, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|request| (request.row, request.reply)).unzip();
        match self.call(connection, &rows, now).await {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    let _ = reply.send(Ok((outcome, now)));
                }
            }
            Err(error) if error.is_retryable() || rows.len() == 1 => reply_unavailable(replies, error),
            // One row's content is at fault: one by one, so that its neighbours do not suffer.
            Err(_) => {
                for (row, reply) in rows.into_iter().zip(replies) {
                    let answer = self.call(connection, &[row], now).await;
                    let outcome = answer.map(|mut one| (one.remove(0), now)).map_err(QueueError::from);
                    let _ = reply.send(outcome);
                }
            }
        }
    }
}

impl CreateTask {
    async fn call(
        &self,
        connection: &mut BatchConnection,
        rows: &[NewTaskRow],
        now: Timestamp,
    ) -> Result<Vec<Created>, DbError> {
        let queues: Vec<_> = rows.iter().map(|row| row.task_queue_id.clone()).collect();
        let unseen = self.unseen(&queues);
        let batch = CreateBatch::new(rows, &unseen);
        let mut tries = Tries::default();
        let outcomes = loop {
            let result = connection.create_tasks(&batch, now).await;
            if !tries.again(&result) {
                break result?;
            }
        };
        self.note(&queues);
        self.notifications.tasks_pending(&became_pending(&queues, &outcomes));
        Ok(outcomes)
    }

    fn unseen(&self, queues: &[TaskQueueId]) -> Vec<TaskQueueId> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |queue: &&TaskQueueId| seen.get(*queue).is_none_or(|at| at.elapsed() > SEEN_FOR);
        let unseen: HashSet<_> = queues.iter().filter(is_new).cloned().collect();
        unseen.into_iter().collect()
    }

    fn note(&self, queues: &[TaskQueueId]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for queue in queues {
            if seen.get(queue).is_none_or(|at| at.elapsed() > SEEN_FOR) {
                seen.insert(queue.clone(), Instant::now());
            }
        }
    }
}

fn became_pending(queues: &[TaskQueueId], outcomes: &[Created]) -> Vec<NewlyPending> {
    let mut counts: HashMap<&TaskQueueId, usize> = HashMap::new();
    for (queue, outcome) in queues.iter().zip(outcomes) {
        if *outcome == (Created::New { ready: true }) {
            *counts.entry(queue).or_default() += 1;
        }
    }
    counts.into_iter().map(|(queue, count)| NewlyPending { task_queue_id: queue.clone(), count }).collect()
}
