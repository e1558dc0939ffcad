//! Where claims wait for tasks: pure memory and pure steps over it.
//!
//! A claim is ready, in flight (its batch is in the database), or waits until a commit makes a task of its queue
//! pending. A notification that comes while claims of a queue are in flight marks the flight, because their look at the
//! table may have been too early: they are then ready again instead of waiting.
//!
//! Callers choose the names of their workers, so what is remembered by name is bounded.

use std::{
    collections::{HashMap, VecDeque},
    mem,
    time::Duration,
};

use db::queue::Claimer;
use protocol::id::{RunId, TaskId, TaskQueueId, WorkerName};
use tokio::{sync::oneshot, time::Instant};

use crate::{kit::Recent, queue::error::QueueError};

/// A claim that waits for an answer `A`.
pub(in crate::queue) struct WaitingClaim<A> {
    pub(in crate::queue) claimer: Claimer,
    pub(in crate::queue) deadline: Instant,
    pub(in crate::queue) quarantined: bool,
    pub(in crate::queue) reply: oneshot::Sender<Result<A, QueueError>>,
}

impl<A: Default> WaitingClaim<A> {
    /// Whether there is someone who could use a task.
    fn can_take(&self) -> bool {
        !self.quarantined && !self.reply.is_closed()
    }

    pub(super) fn answer_empty(self) {
        let _ = self.reply.send(Ok(A::default()));
    }
}

/// A worker's name in the whole system.
pub(in crate::queue) type WorkerKey = (TaskQueueId, WorkerName);

pub(super) struct WaitQueue<A> {
    waiting: HashMap<TaskQueueId, VecDeque<WaitingClaim<A>>>,
    ready: VecDeque<WaitingClaim<A>>,
    in_flight: HashMap<TaskQueueId, Flight>,
    /// Whose record was asked to be written lately. One that is forgotten is written once more.
    pub(super) touched: Recent<WorkerKey, Instant>,
    /// What is forgotten here is found in the database, where nobody recorded it (`unanswered.rs`), or its claim expires.
    pub(super) undelivered: Recent<WorkerKey, Vec<(TaskId, RunId)>>,
    closed: bool,
}

/// Workers remembered, at least; about as many as may wait at one process.
pub(super) const MAX_WORKERS: usize = 20_000;
/// Runs kept for one of them: more than a worker is ever given at once.
pub(super) const MAX_UNDELIVERED: usize = 256;
/// A worker's record lives a day, so this is often enough.
const TOUCH_INTERVAL: Duration = Duration::from_mins(5);

impl<A> Default for WaitQueue<A> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            ready: VecDeque::new(),
            in_flight: HashMap::new(),
            touched: Recent::new(MAX_WORKERS),
            undelivered: Recent::new(MAX_WORKERS),
            closed: false,
        }
    }
}

/// The batches of one task queue that are in the database.
#[derive(Default)]
struct Flight {
    batches: usize,
    notified: bool,
}

impl<A: Default> WaitQueue<A> {
    /// Takes claims for one call: first those that are ready again, then new ones. Those whose caller hung up fall out.
    pub(super) fn take(
        &mut self,
        new: &mut VecDeque<WaitingClaim<A>>,
        max_claims: usize,
        max_tasks: usize,
    ) -> Vec<WaitingClaim<A>> {
        let (mut batch, mut wanted) = (Vec::new(), 0);
        while batch.len() < max_claims
            && wanted < max_tasks
            && let Some(next) = self.ready.pop_front().or_else(|| new.pop_front())
        {
            if next.can_take() {
                wanted += usize::from(next.claimer.count);
                batch.push(next);
            }
        }
        for queue in queues(&batch) {
            self.in_flight.entry(queue).or_default().batches += 1;
        }
        batch
    }

    /// A call is over: `queues` were in it, `unserved` got nothing.
    pub(super) fn land(&mut self, queues: Vec<TaskQueueId>, unserved: Vec<WaitingClaim<A>>) {
        for next in unserved {
            // Read before the flight is removed below: it says what happened while these were in the database.
            let notified = self.in_flight.get(&next.claimer.task_queue_id).is_some_and(|flight| flight.notified);
            if self.closed {
                next.answer_empty();
            } else if notified && next.can_take() {
                self.ready.push_back(next);
            } else {
                self.waiting.entry(next.claimer.task_queue_id.clone()).or_default().push_back(next);
            }
        }
        for queue in queues {
            if let Some(flight) = self.in_flight.get_mut(&queue) {
                flight.batches -= 1;
                if flight.batches == 0 {
                    self.in_flight.remove(&queue);
                }
            }
        }
    }

    /// Tasks became pending: who should look now. Takes no more claims than there are tasks for.
    pub(super) fn notify(&mut self, queue: &TaskQueueId, tasks: usize) -> Vec<WaitingClaim<A>> {
        if let Some(flight) = self.in_flight.get_mut(queue) {
            flight.notified = true;
        }
        let Some(waiting) = self.waiting.get_mut(queue) else { return vec![] };
        let (mut ready, mut kept, mut wanted) = (Vec::new(), VecDeque::new(), 0);
        while wanted < tasks
            && let Some(next) = waiting.pop_front()
        {
            if next.can_take() {
                wanted += usize::from(next.claimer.count);
                ready.push(next);
            } else if !next.reply.is_closed() {
                kept.push_back(next);
            }
        }
        kept.append(waiting);
        if kept.is_empty() {
            self.waiting.remove(queue);
        } else {
            *waiting = kept;
        }
        ready
    }

    /// Takes out those whose time is up (first), and those who should look once more (second) in case a notification was
    /// lost.
    pub(super) fn sweep(&mut self, now: Instant) -> (Vec<WaitingClaim<A>>, Vec<WaitingClaim<A>>) {
        let (mut expired, mut ready) = (Vec::new(), Vec::new());
        for (queue, waiting) in mem::take(&mut self.waiting) {
            for next in waiting {
                if next.deadline <= now || next.reply.is_closed() {
                    expired.push(next);
                } else if next.quarantined {
                    self.waiting.entry(queue.clone()).or_default().push_back(next);
                } else {
                    ready.push(next);
                }
            }
        }
        self.touched.retain(|_, at| now.duration_since(*at) < TOUCH_INTERVAL);
        (expired, ready)
    }

    /// Nobody waits here any more: those who do get an empty answer, so that they ask another process; those whose batch
    /// is in the database still get what it brings.
    pub(super) fn close(&mut self) {
        self.closed = true;
        let waiting = mem::take(&mut self.waiting).into_values().flatten();
        waiting.chain(mem::take(&mut self.ready)).for_each(WaitingClaim::answer_empty);
    }

    /// Whether the worker's record should be written even if it gets nothing.
    pub(super) fn touch(&mut self, worker: &WorkerKey, now: Instant) -> bool {
        let due = self.touched.get(worker).is_none_or(|at| now.duration_since(*at) >= TOUCH_INTERVAL);
        if due {
            self.touched.insert(worker.clone(), now);
        }
        due
    }

    /// Another call of the same worker, if one waits here.
    pub(super) fn take_waiting(&mut self, (queue, worker): &WorkerKey) -> Option<WaitingClaim<A>> {
        let waiting = self.waiting.get_mut(queue)?;
        let place = waiting.iter().position(|next| next.claimer.worker == *worker && next.can_take())?;
        waiting.remove(place)
    }

    /// Runs that were claimed for a worker which hung up before it got the answer: it gets them when it asks again.
    pub(super) fn keep_undelivered(&mut self, worker: WorkerKey, runs: Vec<(TaskId, RunId)>) {
        let mut kept = self.undelivered.remove(&worker).unwrap_or_default();
        kept.extend(runs);
        kept.drain(..kept.len().saturating_sub(MAX_UNDELIVERED));
        self.undelivered.insert(worker, kept);
    }

    pub(super) fn take_undelivered(&mut self, worker: &WorkerKey) -> Vec<(TaskId, RunId)> {
        self.undelivered.remove(worker).unwrap_or_default()
    }
}

/// The different queues of a batch.
pub(super) fn queues<A>(batch: &[WaitingClaim<A>]) -> Vec<TaskQueueId> {
    let mut queues: Vec<_> = batch.iter().map(|waiting| waiting.claimer.task_queue_id.clone()).collect();
    queues.sort();
    queues.dedup();
    queues
}
