//! What workers were given, on its way to their records.
//!
//! A claim that wrote the record of its worker would write twice as many rows; a record a second old is as good. What
//! has not been written when a process dies is lost, and by that it is known that the worker may not have got it
//! (`claims/unanswered.rs`).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::Rng;
use db::{Db, DbError, queue::WorkerNote};
use protocol::{
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    time::Timestamp,
};

use crate::kit::{Child, Next, Periodic, Schedule};

/// A record keeps as many.
const MAX_RUNS: usize = 20;
/// More at once would be a long statement.
const MAX_WORKERS: usize = 1000;

/// Cheap to clone; all clones hold the same records.
#[derive(Clone, Default)]
pub(super) struct WorkerRecords {
    waiting: Arc<Mutex<HashMap<(TaskQueueId, WorkerName), WorkerNote>>>,
    /// Held while they are written, and taken before `waiting`: the records of one worker are written in order, and who
    /// waits for this lock finds written what was added before.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl WorkerRecords {
    /// A worker was given these runs.
    pub(super) fn add(&self, key: (TaskQueueId, WorkerName), active: Timestamp, runs: &[(TaskId, RunId)]) {
        let mut waiting = self.waiting();
        let note = waiting.entry(key).or_insert_with_key(|(task_queue_id, worker)| WorkerNote {
            task_queue_id: task_queue_id.clone(),
            worker: worker.clone(),
            active,
            runs: Vec::new(),
        });
        note.active = note.active.max(active);
        note.runs.extend_from_slice(runs);
        let too_many = note.runs.len().saturating_sub(MAX_RUNS);
        note.runs.drain(..too_many);
    }

    /// Writes what waits; it goes on waiting when that fails.
    pub(super) async fn write(&self, db: &Db) -> Result<(), DbError> {
        let _turn = self.writing.lock().await;
        let notes: Vec<WorkerNote> = self.waiting().drain().map(|(_, note)| note).collect();
        for (number, some) in notes.chunks(MAX_WORKERS).enumerate() {
            if let Err(error) = db.note_workers(some).await {
                notes[number * MAX_WORKERS..].iter().for_each(|note| self.put_back(note));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Before what was added meanwhile. Written twice does no harm.
    fn put_back(&self, note: &WorkerNote) {
        let key = (note.task_queue_id.clone(), note.worker.clone());
        let newer = self.waiting().remove(&key);
        self.add(key.clone(), note.active, &note.runs);
        if let Some(newer) = newer {
            self.add(key, newer.active, &newer.runs);
        }
    }

    /// The same for those who can do without.
    pub(super) async fn try_write(&self, db: &Db) {
        if let Err(error) = self.write(db).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "cannot write worker records");
        }
    }

    /// The actor that writes them, the last ones when it ends.
    pub(super) fn writer(&self, db: Db, interval: Duration, rng: &Rng) -> Child {
        let records = self.clone();
        let make = move |_: &_| Writer { records: records.clone(), db: db.clone() };
        Schedule::every(interval, rng.branch("worker-records")).child("queue/worker-records", make).0
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(TaskQueueId, WorkerName), WorkerNote>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer {
    records: WorkerRecords,
    db: Db,
}

impl Periodic for Writer {
    type Error = DbError;

    async fn run(&mut self) -> Result<Next, DbError> {
        self.records.write(&self.db).await.map(|()| Next::DONE)
    }

    async fn stop(&mut self) {
        self.records.try_write(&self.db).await;
    }
}
