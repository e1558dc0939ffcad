//! The wait queue without a database.

use std::{collections::VecDeque, time::Duration};

use db::queue::Claimer;
use protocol::id::{TaskId, TaskQueueId, WorkerName};
use tokio::{sync::oneshot, time::Instant};

use super::wait_queue::{MAX_UNDELIVERED, MAX_WORKERS, WaitQueue, WaitingClaim, WorkerKey, queues};
use crate::queue::error::QueueError;

type Waiting = WaitingClaim<()>;

type Answer = oneshot::Receiver<Result<(), QueueError>>;

fn waiting(queue: &str, worker: &str, count: u16) -> (Waiting, Answer) {
    let (reply, answer) = oneshot::channel();
    let worker = WorkerName { worker_group: "g".to_owned(), worker_id: worker.to_owned() };
    let claimer = Claimer { task_queue_id: TaskQueueId(queue.to_owned()), worker, count, touch: false, trace: None };
    let deadline = Instant::now() + Duration::from_secs(20);
    (WaitingClaim { claimer, deadline, quarantined: false, reply }, answer)
}

fn wait(wait_queue: &mut WaitQueue<()>, waiting: Waiting) {
    let mut line = VecDeque::from([waiting]);
    let batch = wait_queue.take(&mut line, 9, 99);
    wait_queue.land(queues(&batch), batch);
}

fn names(batch: &[Waiting]) -> Vec<&str> {
    batch.iter().map(|waiting| waiting.claimer.worker.worker_id.as_str()).collect()
}

#[test]
fn a_notification_takes_as_many_claims_as_there_are_tasks_for() {
    let mut wait_queue = WaitQueue::default();
    let (one, _a) = waiting("p/q", "one", 2);
    let (two, _b) = waiting("p/q", "two", 1);
    wait(&mut wait_queue, one);
    wait(&mut wait_queue, two);
    let queue = TaskQueueId("p/q".to_owned());
    assert_eq!(names(&wait_queue.notify(&queue, 1)), ["one"]);
    assert_eq!(names(&wait_queue.notify(&queue, 5)), ["two"]);
    assert!(wait_queue.notify(&queue, 1).is_empty());
}

#[test]
fn a_notification_passes_over_a_claim_that_hung_up_or_is_quarantined() {
    let mut wait_queue = WaitQueue::default();
    let (gone, answer) = waiting("p/q", "gone", 1);
    let (mut held, _b) = waiting("p/q", "held", 1);
    let (here, _c) = waiting("p/q", "here", 1);
    wait(&mut wait_queue, gone);
    held.quarantined = true;
    wait_queue.land(vec![], vec![held]);
    wait(&mut wait_queue, here);
    drop(answer);
    assert_eq!(names(&wait_queue.notify(&TaskQueueId("p/q".to_owned()), 1)), ["here"]);
}

#[test]
fn a_notification_during_the_flight_makes_the_claim_look_again() {
    let mut wait_queue = WaitQueue::default();
    let (one, _answer) = waiting("p/q", "one", 1);
    let batch = wait_queue.take(&mut VecDeque::from([one]), 9, 99);
    assert!(wait_queue.notify(&TaskQueueId("p/q".to_owned()), 1).is_empty(), "nobody waits");
    wait_queue.land(queues(&batch), batch);
    assert_eq!(names(&wait_queue.take(&mut VecDeque::new(), 9, 99)), ["one"]);
}

#[test]
fn closing_answers_everyone_and_those_who_land_later() {
    let mut wait_queue = WaitQueue::default();
    let ((first, mut one), (flying, mut other)) = (waiting("p/q", "waiting", 1), waiting("p/q", "flying", 1));
    wait(&mut wait_queue, first);
    let batch = wait_queue.take(&mut VecDeque::from([flying]), 9, 99);
    wait_queue.close();
    assert!(one.try_recv().is_ok() && other.try_recv().is_err());
    wait_queue.land(queues(&batch), batch);
    assert!(other.try_recv().is_ok());
}

#[test]
fn made_up_workers_do_not_make_it_grow_without_end() {
    let mut wait_queue = WaitQueue::<()>::default();
    let key = |number: usize| -> WorkerKey {
        let worker = WorkerName { worker_group: "g".to_owned(), worker_id: number.to_string() };
        (TaskQueueId("p/q".to_owned()), worker)
    };
    let run = (TaskId::from_random([0; 16]), 0);
    for number in 0..5 * MAX_WORKERS {
        wait_queue.touch(&key(number), Instant::now());
        wait_queue.keep_undelivered(key(number), vec![run]);
        wait_queue.keep_undelivered(key(0), vec![run; 32]);
    }
    assert!(wait_queue.touched.len() <= 2 * MAX_WORKERS && wait_queue.undelivered.len() <= 2 * MAX_WORKERS);
    assert_eq!(wait_queue.take_undelivered(&key(5 * MAX_WORKERS - 1)), [run], "the newest is there");
    assert_eq!(wait_queue.take_undelivered(&key(0)).len(), MAX_UNDELIVERED);
    assert!(!wait_queue.touch(&key(5 * MAX_WORKERS - 1), Instant::now()));
}

#[test]
fn a_sweep_ends_those_whose_time_is_up_and_lets_the_rest_look_again() {
    let mut wait_queue = WaitQueue::default();
    let (mut late, _a) = waiting("p/q", "late", 1);
    late.deadline = Instant::now();
    let (fresh, _b) = waiting("p/q", "fresh", 1);
    wait(&mut wait_queue, late);
    wait(&mut wait_queue, fresh);
    let (expired, ready) = wait_queue.sweep(Instant::now());
    assert_eq!((names(&expired), names(&ready)), (vec!["late"], vec!["fresh"]));
}
