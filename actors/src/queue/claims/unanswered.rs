//! Claims whose answer was lost with the process that made them, or that was to hand them on: their workers get them
//! when they ask again.
//!
//! The process that a worker speaks to records what it hands out within a second or two, so a claim that nobody recorded
//! was not handed out, or only just. Whether its worker knows of it after all follows from its capacity: a worker asks for
//! as many tasks as it has capacity for, and one that asks for more than it could have does not know what it holds. The
//! lease stays as it was. A claim that is redelivered is no different: until it is recorded as handed out it can be found
//! here once more.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use db::queue::UndeliveredClaim;
use tokio::time::Instant;

use super::wait_queue::WorkerKey;

/// Most remembered. A claim that is forgotten runs out, as one does whose worker is gone: workers that never ask again, for
/// example because somebody made them up, keep nothing here.
const MAX_REMEMBERED: usize = 5_000;

/// What was found and not yet redelivered.
#[derive(Default)]
pub(super) struct Unanswered {
    known: Mutex<HashMap<WorkerKey, Vec<UndeliveredClaim>>>,
    looked: Mutex<Option<Instant>>,
}

impl Unanswered {
    pub(super) fn workers(&self) -> Vec<WorkerKey> {
        self.known().keys().cloned().collect()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<WorkerKey, Vec<UndeliveredClaim>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: it is not time to look in the database again. True: it is the first look.
    pub(super) fn due(&self, every: Duration) -> Option<bool> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < every) {
            return None;
        }
        Some(looked.replace(Instant::now()).is_none())
    }

    pub(super) fn add(&self, claim: UndeliveredClaim) {
        let mut known = self.known();
        forget_until(&mut known, MAX_REMEMBERED - 1);
        let of_worker = known.entry((claim.task_queue_id.clone(), claim.worker.clone())).or_default();
        of_worker.retain(|other| (other.task_id, other.run_id) != (claim.task_id, claim.run_id));
        of_worker.push(claim);
    }

    /// As many as a worker that asks for `count` tasks cannot know of.
    pub(super) fn take(&self, key: &WorkerKey, count: usize) -> Vec<UndeliveredClaim> {
        let mut known = self.known();
        let Some(claims) = known.get_mut(key) else { return vec![] };
        let held = claims.iter().map(|claim| claim.held).max().unwrap_or(0);
        let capacity = claims.iter().map(|claim| claim.capacity).max().unwrap_or(0).max(count);
        let unknown = (held + count).saturating_sub(capacity).min(count).min(claims.len());
        let taken = claims.drain(..unknown).collect();
        if claims.is_empty() {
            known.remove(key);
        }
        taken
    }
}

/// Forgets workers, whichever, until no more claims than this are left.
fn forget_until(known: &mut HashMap<WorkerKey, Vec<UndeliveredClaim>>, max: usize) {
    let mut claims: usize = known.values().map(Vec::len).sum();
    if claims <= max {
        return;
    }
    known.retain(|_, of_worker| {
        let kept = claims <= max;
        claims -= if kept { 0 } else { of_worker.len() };
        kept
    });
}

#[cfg(test)]
mod tests {
    use protocol::id::{TaskId, TaskQueueId, WorkerName};

    use super::*;

    fn taken(held: usize, capacity: usize, unanswered: u8, asked: usize) -> usize {
        let key =
            (TaskQueueId("p/q".to_owned()), WorkerName { worker_group: "g".to_owned(), worker_id: "w".to_owned() });
        let all = Unanswered::default();
        for number in 0..unanswered {
            let (task_queue_id, worker) = key.clone();
            let task_id = TaskId::from_random([number; 16]);
            all.add(UndeliveredClaim { task_id, run_id: 0, task_queue_id, worker, held, capacity });
        }
        all.take(&key, asked).len()
    }

    #[test]
    fn workers_that_never_ask_again_do_not_make_it_grow_without_end() {
        let all = Unanswered::default();
        for number in 0..3 * MAX_REMEMBERED as u64 {
            let worker = WorkerName { worker_group: "g".to_owned(), worker_id: number.to_string() };
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let task_id = TaskId::from_random(id);
            let task_queue_id = TaskQueueId("p/q".to_owned());
            all.add(UndeliveredClaim { task_id, run_id: 0, task_queue_id, worker, held: 1, capacity: 1 });
        }
        assert!(all.known().values().map(Vec::len).sum::<usize>() <= MAX_REMEMBERED);
    }

    #[test]
    fn a_worker_is_redelivered_only_what_exceeds_its_capacity() {
        assert_eq!(taken(1, 1, 1, 1), 1, "it holds one and asks for one, though there is only room for one");
        assert_eq!(taken(1, 2, 1, 1), 0, "it may well be working on it");
        assert_eq!(taken(1, 2, 1, 2), 1, "it thinks that it holds nothing");
        assert_eq!(taken(3, 4, 1, 2), 1);
        assert_eq!(taken(4, 4, 4, 2), 2, "never more than it asks for");
        assert_eq!(taken(1, 0, 1, 1), 1, "what it asks for is all that is known of its room");
    }
}
