//! `claimWork`: lanes that serve many waiting workers with one call, and a desk where workers wait for tasks to come.

mod delivery;
mod desk;
mod ticker;
mod unanswered;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, MutexGuard},
    time::Duration,
};

use base::Clock;
use chrono::TimeDelta;
use db::{
    BatchConnection, Db, DbError,
    queue::{ClaimBatch, Claimer, Outcome, Redelivery, TaskResult, TaskRow},
};
use delivery::{Delivery, Missed, SharedDesk};
use desk::{Desk, Waiting, WorkerKey, queues};
use protocol::id::{RunId, TaskId, TaskQueueId, WorkerName};
pub(super) use ticker::Ticker;
use tokio::{sync::oneshot, time::Instant};
use unanswered::Unanswered;

use super::{
    QueueError,
    batching::wait,
    claim_task,
    parts::Environment,
    types::{Claim, ClaimWork, scopes_of},
};
use crate::kit::{BatchOperation, Batcher, Notifications};

/// Most tasks that one call may claim.
const TASKS_A_CALL: usize = 256;

/// Claims work, waiting up to `long_poll` while there is none.
pub(super) async fn run(
    lanes: &Batcher<ClaimOperation>,
    db: &Db,
    ask: ClaimWork,
    long_poll: Duration,
) -> Result<Vec<Claim>, QueueError> {
    let step = lanes.operation();
    let key = (ask.task_queue_id, ask.worker);
    let again = step.claim_again(db, &key, Missed::of(&step.desk, &key)).await;
    if !again.is_empty() {
        return Ok(again);
    }
    let again = step.answer_again(db, &key, ask.count).await;
    if !again.is_empty() {
        return Ok(again);
    }
    let touch = step.desk().touch(&key, Instant::now());
    let (task_queue_id, worker) = key;
    let claimer = Claimer { task_queue_id, worker, count: ask.count, touch, trace: base::telemetry::traceparent() };
    let (reply, answer) = oneshot::channel();
    lanes.submit(Waiting { claimer, until: Instant::now() + long_poll, quarantined: false, reply })?;
    // The desk answers when the time is up; the second limit is for a desk that fails to.
    wait(answer, long_poll + Duration::from_secs(5)).await.map(Delivery::take)
}

/// The wake-up that `Notifications` gives: tasks became pending. Answers how many tasks are wanted by those woken.
pub(super) fn wake(lanes: &Batcher<ClaimOperation>, queue: &TaskQueueId, tasks: usize) -> usize {
    let ready = lanes.operation().desk().wake(queue, tasks);
    let wanted = ready.iter().map(|waiting| usize::from(waiting.claimer.count)).sum();
    lanes.resubmit(ready);
    wanted
}

/// Sends away those who wait, since this process is about to end.
pub(super) fn close(lanes: &Batcher<ClaimOperation>) {
    lanes.operation().desk().close();
}

/// The step.
pub(super) struct ClaimOperation {
    clock: Arc<dyn Clock>,
    claim_timeout: TimeDelta,
    batch: usize,
    notifications: Notifications,
    desk: SharedDesk,
    unanswered: Unanswered,
}

impl BatchOperation for ClaimOperation {
    type Request = Waiting;

    fn take(&self, waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
        self.desk().take(waiting, self.batch, TASKS_A_CALL)
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<Waiting>) {
        let queues = queues(&batch);
        let call = ClaimBatch::new(batch.iter().map(|waiting| &waiting.claimer));
        let left = match self.call(connection, &call).await {
            Ok(answers) => self.answer(batch, answers),
            Err(error) => {
                super::batching::reply_unavailable(batch.into_iter().map(|waiting| waiting.reply).collect(), error);
                vec![]
            }
        };
        self.desk().land(queues, left);
    }
}

impl ClaimOperation {
    pub(super) fn new(queue: &Environment, batch: usize) -> Self {
        Self {
            clock: queue.clock.clone(),
            claim_timeout: queue.settings.claim_timeout.delta(),
            batch,
            notifications: queue.notifications.clone(),
            desk: SharedDesk::default(),
            unanswered: Unanswered::default(),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock()
    }

    /// One call. When its answer is lost, nobody knows whether it took effect: the database is asked.
    async fn call(&self, connection: &mut BatchConnection, batch: &ClaimBatch) -> Result<Vec<TaskResult>, DbError> {
        let mut last = None;
        for _ in 0..3 {
            let now = self.clock.now();
            let error = match connection.claim_work(batch, now + self.claim_timeout, now).await {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            if !error.is_retryable() {
                return Err(error);
            }
            last = Some(error);
            match connection.claims_made_at(batch, now).await {
                Ok(answers) if answers.is_empty() => {}
                decided => return decided,
            }
        }
        last.map_or(Ok(vec![]), Err)
    }

    /// Hands the claims out; gives back who got nothing.
    fn answer(&self, batch: Vec<Waiting>, answers: Vec<TaskResult>) -> Vec<Waiting> {
        let mut shares: HashMap<usize, Vec<TaskResult>> = HashMap::new();
        for answer in answers {
            shares.entry(answer.place).or_default().push(answer);
        }
        if !shares.is_empty() {
            self.notifications.relay.notify();
        }
        let mut left = Vec::new();
        for (place, mut waiting) in batch.into_iter().enumerate() {
            match shares.remove(&place) {
                None => left.push(waiting),
                Some(share) if share[0].outcome == Outcome::TooLate => {
                    waiting.quarantined = true;
                    left.push(waiting);
                }
                Some(share) => self.hand_out(waiting, share),
            }
        }
        left
    }

    /// Gives the claims to the claimer; if it hangs up before it has them, to another call of the same worker.
    fn hand_out(&self, waiting: Waiting, share: Vec<TaskResult>) {
        let worker = &waiting.claimer.worker;
        let claims: Vec<_> =
            share.into_iter().filter_map(|answer| answer.task.map(|task| claim(task, worker))).collect();
        let key = (waiting.claimer.task_queue_id, waiting.claimer.worker);
        // A reply that nobody waits for drops the delivery, which knows the way back.
        let _ = waiting.reply.send(Ok(Delivery::new(claims, self.desk.clone(), key)));
    }

    /// What the worker was given before and never heard of, as far as it still holds it.
    async fn claim_again(&self, db: &Db, key: &WorkerKey, mut missed: Missed) -> Vec<Claim> {
        let mut claims = Vec::new();
        let mut left = Vec::new();
        while let Some(&run) = missed.runs.last() {
            match self.give_again(db, key, run).await {
                Ok(Again::Given(claim)) => claims.push(*claim),
                Ok(Again::JustBefore) => left.push(run),
                Ok(Again::Over) => {}
                Err(_) => break,
            }
            missed.runs.pop();
        }
        missed.runs.extend(left);
        claims
    }

    /// A claim that the worker holds and does not know of. It is reserved for a few seconds, so that only one process gives
    /// it again, and noted when it is handed out as every claim is: until then this answer may be lost like the first.
    async fn give_again(&self, db: &Db, key: &WorkerKey, run: (TaskId, RunId)) -> Result<Again, DbError> {
        let (now, (task_id, run_id)) = (self.clock.now(), run);
        let given = db.redeliver_claim(key, run, now).await.inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::warn!(task.id = %task_id, error, "a claim could not be given out again just now");
        })?;
        match given {
            Redelivery::Now => {}
            Redelivery::JustBefore => return Ok(Again::JustBefore),
            Redelivery::Over => return Ok(Again::Over),
        }
        match claim_task::run(db, task_id, run_id, &key.1, now + self.claim_timeout, now).await {
            Ok((claim, _)) => {
                tracing::info!(task.id = %task_id, worker.id = key.1.worker_id, "a claim whose answer was lost is given out again");
                Ok(Again::Given(Box::new(claim)))
            }
            Err(error) => {
                tracing::info!(task.id = %task_id, %error, "a claim whose answer was lost is gone");
                Ok(Again::Over)
            }
        }
    }
}

/// What comes of giving a claim once more.
enum Again {
    Given(Box<Claim>),
    /// Another process gave it a moment ago.
    JustBefore,
    /// There is nothing to give any more.
    Over,
}

/// A claimed run, for its worker.
pub(super) fn claim(task: TaskRow, worker: &WorkerName) -> Claim {
    let run = task.status.runs.last();
    Claim {
        run_id: run.map_or(0, |run| run.run_id),
        taken_until: run.and_then(|run| run.taken_until).unwrap_or_default(),
        worker: worker.clone(),
        scopes: scopes_of(&task.definition),
        task: super::types::Definition(task.definition),
        status: task.status,
    }
}
