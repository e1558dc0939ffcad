//! Claims for many waiting workers with one call.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, MutexGuard},
};

use base::Clock;
use chrono::TimeDelta;
use db::{
    BatchConnection, Db, DbError,
    queue::{ClaimBatch, Outcome, TaskResult},
};
use protocol::id::TaskQueueId;
use tokio::time::Instant;

use super::{
    delivery::{Delivery, SharedWaitQueue},
    unanswered::Unanswered,
    wait_queue::{WaitQueue, WaitingClaim, WorkerKey, queues},
};
use crate::{
    kit::{BatchOperation, Batcher, Notifier},
    queue::{batch::reply_unavailable, stored::claim},
};

/// Most tasks that one call may claim.
const MAX_TASKS: usize = 256;

type Waiting = WaitingClaim<Delivery>;

pub(in crate::queue) struct ClaimOperation {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) claim_timeout: TimeDelta,
    max_batch: usize,
    relay: Notifier,
    pub(super) wait_queue: SharedWaitQueue,
    pub(super) unanswered: Unanswered,
}

impl BatchOperation for ClaimOperation {
    type Request = Waiting;

    /// Locks the wait queue within the lock of the batcher's queue. Nobody takes the two in the other order: who wakes
    /// claims lets go of the wait queue before he resubmits them.
    fn take(&self, queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
        self.wait_queue().take(queue, self.max_batch, MAX_TASKS)
    }

    async fn run(&self, connection: &mut BatchConnection, batch: Vec<Waiting>) {
        let queues = queues(&batch);
        let call = ClaimBatch::new(batch.iter().map(|waiting| &waiting.claimer));
        let unserved = match self.call(connection, &call).await {
            Ok(answers) => answer_late(self.answer(batch, answers)),
            Err(error) => {
                reply_unavailable(batch.into_iter().map(|waiting| waiting.reply), error);
                vec![]
            }
        };
        self.wait_queue().land(queues, unserved);
    }
}

impl ClaimOperation {
    pub(in crate::queue) fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        claim_timeout: TimeDelta,
        max_batch: usize,
        relay: Notifier,
    ) -> Self {
        let (wait_queue, unanswered) = Default::default();
        Self { db, clock, claim_timeout, max_batch, relay, wait_queue, unanswered }
    }

    pub(super) fn wait_queue(&self) -> MutexGuard<'_, WaitQueue<Delivery>> {
        self.wait_queue.lock()
    }

    /// Whether the worker's record should be written even if it gets nothing.
    pub(in crate::queue) fn touch(&self, worker: &WorkerKey) -> bool {
        self.wait_queue().touch(worker, Instant::now())
    }

    /// Gives those who wait an empty answer, since this process is about to end.
    pub(in crate::queue) fn close(&self) {
        self.wait_queue().close();
    }

    /// Tasks became pending. Answers how many tasks are wanted by those who are woken.
    pub(in crate::queue) fn notify(batcher: &Batcher<Self>, queue: &TaskQueueId, tasks: usize) -> usize {
        let ready = batcher.operation().wait_queue().notify(queue, tasks);
        let wanted = ready.iter().map(|waiting| usize::from(waiting.claimer.count)).sum();
        batcher.resubmit(ready);
        wanted
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
            self.relay.notify();
        }
        let mut unserved = Vec::new();
        for (place, mut waiting) in batch.into_iter().enumerate() {
            match shares.remove(&place) {
                None => unserved.push(waiting),
                Some(share) if share[0].outcome == Outcome::TooLate => {
                    waiting.quarantined = true;
                    unserved.push(waiting);
                }
                Some(share) => self.deliver(waiting, share),
            }
        }
        unserved
    }

    /// Gives the claims to the worker; if it hangs up before it has them, to another call of the same worker.
    fn deliver(&self, waiting: Waiting, share: Vec<TaskResult>) {
        let worker = &waiting.claimer.worker;
        let claims = share.into_iter().filter_map(|answer| answer.task.map(|task| claim(task, worker))).collect();
        let key = (waiting.claimer.task_queue_id, waiting.claimer.worker);
        // A reply that nobody waits for drops the delivery, which knows the way back.
        let _ = waiting.reply.send(Ok(Delivery::new(claims, self.wait_queue.clone(), key)));
    }
}

/// Who may wait no longer has an empty answer at once; gives back the others.
fn answer_late(unserved: Vec<Waiting>) -> Vec<Waiting> {
    let now = Instant::now();
    let (late, waiting): (Vec<_>, Vec<_>) = unserved.into_iter().partition(|claim| claim.deadline <= now);
    late.into_iter().for_each(WaitingClaim::answer_empty);
    waiting
}
