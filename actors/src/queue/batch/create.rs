//! Creates many tasks with one call.

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
    time::Timestamp,
};
use tokio::sync::oneshot;

use super::shared::{Attempts, reply_unavailable};
use crate::{
    kit::{BatchOperation, Notifications, Recent},
    queue::error::QueueError,
};

/// A queue's record outlives this by far, so it need not be written more often.
const SEEN_FOR: Duration = Duration::from_mins(30);
/// Task queues of which a process remembers that their records are fresh.
const QUEUES_SEEN: usize = 10_000;

/// The outcome, and the time of the call, which a new task's first run carries.
pub(in crate::queue) type CreateAnswer = (Created, Timestamp);

pub(in crate::queue) struct CreateTasks {
    clock: Arc<dyn Clock>,
    notifications: Notifications,
    max_batch: usize,
    /// Task queues whose records were written lately. Callers choose their names, so it is bounded.
    seen: Mutex<Recent<TaskQueueId, Instant>>,
}

pub(in crate::queue) struct NewTaskRequest {
    pub(in crate::queue) row: NewTaskRow,
    pub(in crate::queue) reply: oneshot::Sender<Result<CreateAnswer, QueueError>>,
}

impl CreateTasks {
    pub(in crate::queue) fn new(clock: Arc<dyn Clock>, notifications: Notifications, max_batch: usize) -> Self {
        Self { clock, notifications, max_batch, seen: Mutex::new(Recent::new(QUEUES_SEEN)) }
    }
}

impl BatchOperation for CreateTasks {
    type Request = NewTaskRequest;

    /// Stops before a task that comes twice or that depends on one taken already: its neighbours must be there first.
    fn take(&self, queue: &mut VecDeque<NewTaskRequest>) -> Vec<NewTaskRequest> {
        let mut taken: HashSet<TaskId> = HashSet::new();
        let mut batch = Vec::new();
        while batch.len() < self.max_batch
            && let Some(next) = queue.front()
        {
            let row = &next.row;
            if taken.contains(&row.task_id) || row.dependencies.iter().any(|required| taken.contains(required)) {
                break;
            }
            taken.insert(row.task_id);
            batch.extend(queue.pop_front().filter(|request| !request.reply.is_closed()));
        }
        batch
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<NewTaskRequest>) {
        let now = self.clock.now();
        let (rows, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|request| (request.row, request.reply)).unzip();
        match self.call(connection, &rows, now).await {
            Ok(outcomes) => {
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    let _ = reply.send(Ok((outcome, now)));
                }
            }
            Err(error) if error.is_retryable() || rows.len() == 1 => reply_unavailable(replies.into_iter(), error),
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

impl CreateTasks {
    async fn call(
        &self,
        connection: &mut BatchConnection,
        rows: &[NewTaskRow],
        now: Timestamp,
    ) -> Result<Vec<Created>, DbError> {
        let queues: Vec<_> = rows.iter().map(|row| row.task_queue_id.clone()).collect();
        let unseen = self.unseen(&queues);
        let batch = CreateBatch::new(rows, &unseen);
        let mut attempts = Attempts::default();
        let outcomes = loop {
            let result = connection.create_tasks(&batch, now).await;
            if !attempts.retry(&result) {
                break result?;
            }
        };
        self.remember(&queues);
        // After the commit: whoever is notified must find what was written.
        self.notifications.tasks_pending(&became_pending(&queues, &outcomes));
        Ok(outcomes)
    }

    fn unseen(&self, queues: &[TaskQueueId]) -> Vec<TaskQueueId> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |queue: &&TaskQueueId| seen.get(*queue).is_none_or(|at| at.elapsed() > SEEN_FOR);
        let unseen: HashSet<_> = queues.iter().filter(is_new).cloned().collect();
        unseen.into_iter().collect()
    }

    fn remember(&self, queues: &[TaskQueueId]) {
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
