//! Claims whose answer was lost with the process that made them, or that was to hand them on: their workers get them
//! when they ask again.
//!
//! The process that a worker speaks to notes what it hands out within a second or two, so a claim that nobody noted was
//! not handed out, or only just. Whether its worker knows of it after all is told by arithmetic: a worker asks for as many tasks as it has room
//! for, and one that asks for more than it could have room for does not know what it holds. The lease stays as it was. A claim
//! that is given again is no different: until it is noted as handed out it can be found here once more.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use db::{Db, queue::UndeliveredClaim};
use tokio::time::Instant;

use super::{Again, ClaimOperation, delivery::Delivery, desk::WorkerKey};
use crate::{kit::Batcher, queue::types::Claim};

/// How long after a claim its process must have noted it.
const NOTED_WITHIN: TimeDelta = TimeDelta::seconds(3);
/// Later looks go back no further: what is older was found before.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(1);
/// Most found in one look.
const CLAIMS: i32 = 500;
/// Most remembered. A claim that is forgotten runs out, as one does whose worker is gone: workers that never ask again, for
/// example because somebody made them up, keep nothing here.
const REMEMBERED: usize = 5_000;

/// What was found and not yet given out again.
#[derive(Default)]
pub(super) struct Unanswered {
    known: Mutex<HashMap<WorkerKey, Vec<UndeliveredClaim>>>,
    looked: Mutex<Option<Instant>>,
}

impl Unanswered {
    fn known(&self) -> MutexGuard<'_, HashMap<WorkerKey, Vec<UndeliveredClaim>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: it is not time. True: it is the first look.
    fn due(&self, every: Duration) -> Option<bool> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < every) {
            return None;
        }
        Some(looked.replace(Instant::now()).is_none())
    }

    fn add(&self, claim: UndeliveredClaim) {
        let mut known = self.known();
        forget_until(&mut known, REMEMBERED - 1);
        let of_worker = known.entry((claim.task_queue_id.clone(), claim.worker.clone())).or_default();
        of_worker.retain(|other| (other.task_id, other.run_id) != (claim.task_id, claim.run_id));
        of_worker.push(claim);
    }

    /// As many as a worker that asks for `count` tasks cannot know of.
    fn take(&self, key: &WorkerKey, count: usize) -> Vec<UndeliveredClaim> {
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

/// Lets go of workers, whichever, until no more claims than this are left.
fn forget_until(known: &mut HashMap<WorkerKey, Vec<UndeliveredClaim>>, most: usize) {
    let mut claims: usize = known.values().map(Vec::len).sum();
    if claims <= most {
        return;
    }
    known.retain(|_, of_worker| {
        let kept = claims <= most;
        claims -= if kept { 0 } else { of_worker.len() };
        kept
    });
}

impl ClaimOperation {
    /// Gives claims out again of which this worker cannot know.
    pub(super) async fn answer_again(&self, db: &Db, key: &WorkerKey, count: u16) -> Vec<Claim> {
        let mut claims = Vec::new();
        for unanswered in self.unanswered.take(key, count.into()) {
            match self.give_again(db, key, (unanswered.task_id, unanswered.run_id)).await {
                Ok(Again::Given(claim)) => claims.push(*claim),
                // Should that be lost too, a later look finds it.
                Ok(Again::JustBefore | Again::Over) => {}
                Err(_) => self.unanswered.add(unanswered),
            }
        }
        claims
    }

    /// Looks for such claims when it is time, and serves workers that are waiting already.
    pub(super) async fn look_for_unanswered(&self, lanes: &Batcher<Self>, db: &Db, every: Duration) {
        let Some(first) = self.unanswered.due(every) else { return };
        let now = self.clock.now();
        let after = now - if first { self.claim_timeout } else { LOOK_BACK };
        match db.undelivered_claims(self.claim_timeout, after, now - NOTED_WITHIN, CLAIMS).await {
            Ok(found) => found.into_iter().for_each(|claim| self.unanswered.add(claim)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "claims without an answer could not be looked for");
            }
        }
        let keys: Vec<WorkerKey> = self.unanswered.known().keys().cloned().collect();
        for key in keys {
            let Some(waiting) = self.desk().take_parked(&key) else { continue };
            let claims = self.answer_again(db, &key, waiting.claimer.count).await;
            if claims.is_empty() {
                lanes.resubmit(vec![waiting]);
            } else {
                let _ = waiting.reply.send(Ok(Delivery::new(claims, self.desk.clone(), key)));
            }
        }
    }
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
        for number in 0..3 * REMEMBERED as u64 {
            let worker = WorkerName { worker_group: "g".to_owned(), worker_id: number.to_string() };
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            let task_id = TaskId::from_random(id);
            let task_queue_id = TaskQueueId("p/q".to_owned());
            all.add(UndeliveredClaim { task_id, run_id: 0, task_queue_id, worker, held: 1, capacity: 1 });
        }
        assert!(all.known().values().map(Vec::len).sum::<usize>() <= REMEMBERED);
    }

    #[test]
    fn a_worker_gets_again_only_what_it_cannot_have_room_for() {
        assert_eq!(taken(1, 1, 1, 1), 1, "it holds one and asks for one, though there is only room for one");
        assert_eq!(taken(1, 2, 1, 1), 0, "it may well be working on it");
        assert_eq!(taken(1, 2, 1, 2), 1, "it thinks that it holds nothing");
        assert_eq!(taken(3, 4, 1, 2), 1);
        assert_eq!(taken(4, 4, 4, 2), 2, "never more than it asks for");
        assert_eq!(taken(1, 0, 1, 1), 1, "what it asks for is all that is known of its room");
    }
}
