//! What workers were given, on its way to their records.
//!
//! A claim that wrote the record of its worker would write twice as many rows; a record a second old is as good. What
//! has not been written when a process dies is lost, and by that it is known that the worker may not have heard of it
//! (`claim_work/unanswered.rs`).

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
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::kit::Tick;

/// A record keeps as many.
const RECENT: usize = 20;
/// More at once would be a long statement.
const WORKERS_A_CALL: usize = 1000;

/// Cheap to clone; all clones hold the same notes.
#[derive(Clone, Default)]
pub(super) struct WorkerNotes {
    waiting: Arc<Mutex<HashMap<(TaskQueueId, WorkerName), WorkerNote>>>,
    /// Notes of one worker are written in order, and who waits for this finds them written.
    writing: Arc<tokio::sync::Mutex<()>>,
}

impl WorkerNotes {
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
        let too_many = note.runs.len().saturating_sub(RECENT);
        note.runs.drain(..too_many);
    }

    /// Writes what waits; it goes on waiting when that fails.
    pub(super) async fn write(&self, db: &Db) -> Result<(), DbError> {
        let _turn = self.writing.lock().await;
        let notes: Vec<WorkerNote> = self.waiting().drain().map(|(_, note)| note).collect();
        for (number, some) in notes.chunks(WORKERS_A_CALL).enumerate() {
            if let Err(error) = db.note_workers(some).await {
                notes[number * WORKERS_A_CALL..].iter().for_each(|note| self.put_back(note));
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
            tracing::warn!(error, "what workers were given lately could not be noted in their records");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(TaskQueueId, WorkerName), WorkerNote>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the notes of its process, the last ones when it ends.
pub(super) struct NoteWriter {
    pub(super) notes: WorkerNotes,
    pub(super) db: Db,
    pub(super) every: Duration,
    pub(super) rng: Rng,
}

pub(super) struct Write;

impl Actor for NoteWriter {
    type Msg = Write;
    type State = Tick;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Write>, (): ()) -> Result<Tick, ActorProcessingErr> {
        let mut tick = Tick::new("queue/worker-notes");
        tick.again(&myself, self.every, || Write);
        Ok(tick)
    }

    async fn handle(&self, myself: ActorRef<Write>, Write: Write, tick: &mut Tick) -> Result<(), ActorProcessingErr> {
        self.notes.try_write(&self.db).await;
        tick.again(&myself, self.rng.jitter(self.every), || Write);
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Write>, _: &mut Tick) -> Result<(), ActorProcessingErr> {
        self.notes.try_write(&self.db).await;
        Ok(())
    }
}
