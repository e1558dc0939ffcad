//! Where claimers wait: pure memory and pure steps over it.
//!
//! A claimer is ready, in flight (its lane is in the database), or parked until a commit makes a task of its queue
//! pending. A wake-up that comes while claimers of a queue are in flight marks the flight, because their look at the
//! table may have been too early: they are then ready again instead of parked.
//!
//! Callers choose the names of their workers, so what is remembered by name is bounded.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use db::queue::Claimer;
use protocol::id::{RunId, TaskId, TaskQueueId, WorkerName};
use tokio::{sync::oneshot, time::Instant};

use super::delivery::Delivery;
use crate::{kit::Recent, queue::QueueError};

/// A worker that waits for an answer.
pub(in crate::queue) struct Waiting {
    pub(super) claimer: Claimer,
    pub(super) until: Instant,
    pub(super) quarantined: bool,
    pub(super) reply: oneshot::Sender<Result<Delivery, QueueError>>,
}

impl Waiting {
    /// Whether there is someone who could use a task.
    fn can_take(&self) -> bool {
        !self.quarantined && !self.reply.is_closed()
    }
}

/// A worker's name in the whole house.
pub(super) type WorkerKey = (TaskQueueId, WorkerName);

pub(super) struct Desk {
    parked: HashMap<TaskQueueId, VecDeque<Waiting>>,
    again: VecDeque<Waiting>,
    in_flight: HashMap<TaskQueueId, Flight>,
    /// Whose record was asked to be written lately. One that is forgotten is written once more.
    touched: Recent<WorkerKey, Instant>,
    /// What is forgotten here is found in the database, where nobody noted it (`unanswered.rs`), or its claim runs out.
    undelivered: Recent<WorkerKey, Vec<(TaskId, RunId)>>,
    closed: bool,
}

/// Workers remembered, at least; about as many as may wait at one process.
const WORKERS: usize = 20_000;
/// Runs kept for one of them: more than a worker is ever given at once.
const RUNS_OF_A_WORKER: usize = 256;

impl Default for Desk {
    fn default() -> Self {
        Self {
            parked: HashMap::new(),
            again: VecDeque::new(),
            in_flight: HashMap::new(),
            touched: Recent::new(WORKERS),
            undelivered: Recent::new(WORKERS),
            closed: false,
        }
    }
}

#[derive(Default)]
struct Flight {
    batches: usize,
    woken: bool,
}

impl Desk {
    /// Takes claimers for one call: first those that were woken in flight, then the newly come; those who hung up fall out.
    pub(super) fn take(&mut self, waiting: &mut VecDeque<Waiting>, claimers: usize, tasks: usize) -> Vec<Waiting> {
        let (mut batch, mut wanted) = (Vec::new(), 0);
        while batch.len() < claimers
            && wanted < tasks
            && let Some(next) = self.again.pop_front().or_else(|| waiting.pop_front())
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

    /// A call is over: `queues` were in it, `left` got nothing.
    pub(super) fn land(&mut self, queues: Vec<TaskQueueId>, left: Vec<Waiting>) {
        for next in left {
            let woken = self.in_flight.get(&next.claimer.task_queue_id).is_some_and(|flight| flight.woken);
            if self.closed {
                let _ = next.reply.send(Ok(Delivery::nothing()));
            } else if woken && next.can_take() {
                self.again.push_back(next);
            } else {
                self.parked.entry(next.claimer.task_queue_id.clone()).or_default().push_back(next);
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

    /// Tasks became pending: who should look now. Takes no more claimers than there are tasks for.
    pub(super) fn wake(&mut self, queue: &TaskQueueId, tasks: usize) -> Vec<Waiting> {
        if let Some(flight) = self.in_flight.get_mut(queue) {
            flight.woken = true;
        }
        let Some(parked) = self.parked.get_mut(queue) else { return vec![] };
        let (mut ready, mut kept, mut wanted) = (Vec::new(), VecDeque::new(), 0);
        while wanted < tasks
            && let Some(next) = parked.pop_front()
        {
            if next.can_take() {
                wanted += usize::from(next.claimer.count);
                ready.push(next);
            } else if !next.reply.is_closed() {
                kept.push_back(next);
            }
        }
        kept.append(parked);
        if kept.is_empty() {
            self.parked.remove(queue);
        } else {
            *parked = kept;
        }
        ready
    }

    /// Empties the desk of those whose time is up (first) and gives back those who should look once more (second),
    /// in case a wake-up was lost.
    pub(super) fn sweep(&mut self, now: Instant) -> (Vec<Waiting>, Vec<Waiting>) {
        let (mut over, mut look) = (Vec::new(), Vec::new());
        for (queue, parked) in std::mem::take(&mut self.parked) {
            for next in parked {
                if next.until <= now || next.reply.is_closed() {
                    over.push(next);
                } else if next.quarantined {
                    self.parked.entry(queue.clone()).or_default().push_back(next);
                } else {
                    look.push(next);
                }
            }
        }
        self.touched.retain(|_, at| now.duration_since(*at) < TOUCH_EVERY);
        (over, look)
    }

    /// Nobody waits here any more: those who do are told that there is nothing, so that they ask elsewhere; those whose
    /// lane is in the database still get what it brings.
    pub(super) fn close(&mut self) {
        self.closed = true;
        let parked = std::mem::take(&mut self.parked).into_values().flatten();
        for waiting in parked.chain(std::mem::take(&mut self.again)) {
            let _ = waiting.reply.send(Ok(Delivery::nothing()));
        }
    }

    /// Whether the worker's record should be written even if it gets nothing.
    pub(super) fn touch(&mut self, worker: &WorkerKey, now: Instant) -> bool {
        let due = self.touched.get(worker).is_none_or(|at| now.duration_since(*at) >= TOUCH_EVERY);
        if due {
            self.touched.insert(worker.clone(), now);
        }
        due
    }

    /// Runs that were claimed for a worker which hung up before it heard of them: it gets them when it asks again.
    pub(super) fn keep_undelivered(&mut self, worker: WorkerKey, runs: Vec<(TaskId, RunId)>) {
        let mut kept = self.undelivered.remove(&worker).unwrap_or_default();
        kept.extend(runs);
        kept.drain(..kept.len().saturating_sub(RUNS_OF_A_WORKER));
        self.undelivered.insert(worker, kept);
    }

    /// Another call of the same worker, if one waits here.
    pub(super) fn take_parked(&mut self, (queue, worker): &WorkerKey) -> Option<Waiting> {
        let parked = self.parked.get_mut(queue)?;
        let place = parked.iter().position(|next| next.claimer.worker == *worker && next.can_take())?;
        parked.remove(place)
    }

    pub(super) fn take_undelivered(&mut self, worker: &WorkerKey) -> Vec<(TaskId, RunId)> {
        self.undelivered.remove(worker).unwrap_or_default()
    }
}

/// A worker's record lives a day, so this is often enough.
const TOUCH_EVERY: Duration = Duration::from_mins(5);

/// The different queues of a batch.
pub(super) fn queues(batch: &[Waiting]) -> Vec<TaskQueueId> {
    let mut queues: Vec<_> = batch.iter().map(|waiting| waiting.claimer.task_queue_id.clone()).collect();
    queues.sort();
    queues.dedup();
    queues
}

#[cfg(test)]
mod tests {
    use super::*;

    type Heard = oneshot::Receiver<Result<Delivery, QueueError>>;

    fn waiting(queue: &str, worker: &str, count: u16) -> (Waiting, Heard) {
        let (reply, heard) = oneshot::channel();
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: worker.to_owned() };
        let claimer =
            Claimer { task_queue_id: TaskQueueId(queue.to_owned()), worker, count, touch: false, trace: None };
        let until = Instant::now() + Duration::from_secs(20);
        (Waiting { claimer, until, quarantined: false, reply }, heard)
    }

    fn park(desk: &mut Desk, waiting: Waiting) {
        let mut line = VecDeque::from([waiting]);
        let batch = desk.take(&mut line, 9, 99);
        desk.land(queues(&batch), batch);
    }

    fn names(batch: &[Waiting]) -> Vec<&str> {
        batch.iter().map(|waiting| waiting.claimer.worker.worker_id.as_str()).collect()
    }

    #[test]
    fn a_wake_up_takes_as_many_claimers_as_there_are_tasks_for() {
        let mut desk = Desk::default();
        let (one, _a) = waiting("p/q", "one", 2);
        let (two, _b) = waiting("p/q", "two", 1);
        park(&mut desk, one);
        park(&mut desk, two);
        let queue = TaskQueueId("p/q".to_owned());
        assert_eq!(names(&desk.wake(&queue, 1)), ["one"]);
        assert_eq!(names(&desk.wake(&queue, 5)), ["two"]);
        assert!(desk.wake(&queue, 1).is_empty());
    }

    #[test]
    fn a_wake_up_passes_over_a_claimer_that_hung_up_or_is_quarantined() {
        let mut desk = Desk::default();
        let (gone, heard) = waiting("p/q", "gone", 1);
        let (mut held, _b) = waiting("p/q", "held", 1);
        let (here, _c) = waiting("p/q", "here", 1);
        park(&mut desk, gone);
        held.quarantined = true;
        desk.land(vec![], vec![held]);
        park(&mut desk, here);
        drop(heard);
        assert_eq!(names(&desk.wake(&TaskQueueId("p/q".to_owned()), 1)), ["here"]);
    }

    #[test]
    fn a_wake_up_during_the_flight_makes_the_claimer_look_again() {
        let mut desk = Desk::default();
        let (one, _heard) = waiting("p/q", "one", 1);
        let batch = desk.take(&mut VecDeque::from([one]), 9, 99);
        assert!(desk.wake(&TaskQueueId("p/q".to_owned()), 1).is_empty(), "nobody is parked");
        desk.land(queues(&batch), batch);
        assert_eq!(names(&desk.take(&mut VecDeque::new(), 9, 99)), ["one"]);
    }

    #[test]
    fn a_closed_desk_sends_everyone_away_also_those_who_land_later() {
        let mut desk = Desk::default();
        let ((parked, mut one), (flying, mut other)) = (waiting("p/q", "parked", 1), waiting("p/q", "flying", 1));
        park(&mut desk, parked);
        let batch = desk.take(&mut VecDeque::from([flying]), 9, 99);
        desk.close();
        assert!(one.try_recv().is_ok() && other.try_recv().is_err());
        desk.land(queues(&batch), batch);
        assert!(other.try_recv().is_ok());
    }

    #[test]
    fn made_up_workers_do_not_make_it_grow_without_end() {
        let mut desk = Desk::default();
        let key = |number: usize| {
            let worker = WorkerName { worker_group: "g".to_owned(), worker_id: number.to_string() };
            (TaskQueueId("p/q".to_owned()), worker)
        };
        let run = (TaskId::from_random([0; 16]), 0);
        for number in 0..5 * WORKERS {
            desk.touch(&key(number), Instant::now());
            desk.keep_undelivered(key(number), vec![run]);
            desk.keep_undelivered(key(0), vec![run; 32]);
        }
        assert!(desk.touched.len() <= 2 * WORKERS && desk.undelivered.len() <= 2 * WORKERS);
        assert_eq!(desk.take_undelivered(&key(5 * WORKERS - 1)), [run], "the newest is there");
        assert_eq!(desk.take_undelivered(&key(0)).len(), RUNS_OF_A_WORKER);
        assert!(!desk.touch(&key(5 * WORKERS - 1), Instant::now()));
    }

    #[test]
    fn a_sweep_ends_those_whose_time_is_up_and_lets_the_rest_look() {
        let mut desk = Desk::default();
        let (mut late, _a) = waiting("p/q", "late", 1);
        late.until = Instant::now();
        let (fresh, _b) = waiting("p/q", "fresh", 1);
        park(&mut desk, late);
        park(&mut desk, fresh);
        let (over, look) = desk.sweep(Instant::now());
        assert_eq!((names(&over), names(&look)), (vec!["late"], vec!["fresh"]));
    }
}
