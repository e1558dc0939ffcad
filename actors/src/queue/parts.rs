//! What the queue is made of, and how it is put together.

use std::sync::{Arc, Mutex, OnceLock};

use base::{Clock, Rng};
use db::{Db, queue::UploadExemptions};
use protocol::{
    id::{RunId, TaskId, TaskQueueId, WorkerName},
    time::Timestamp,
};

use super::{
    Queue, QueueError, QueueSettings, claim_task,
    claim_work::{self, ClaimOperation, Ticker},
    create_task::CreateTask,
    near::Near,
    read_task::ReadTask,
    reclaim_task::ReclaimTask,
    report_run::ReportRun,
    types::Claim,
    worker_notes::{NoteWriter, WorkerNotes},
};
use crate::kit::{BatchOperation, Batcher, Child, Connect, Notifications, Pool, Reads, Recent, Restart};

/// What every command needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Environment {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub settings: QueueSettings,
    pub notifications: Notifications,
    pub(super) notes: WorkerNotes,
}

/// As many as there are connections in the pool.
const POOL_WORKERS: usize = 8;

/// Task queues of which a process remembers that their records are fresh.
const QUEUES_SEEN: usize = 10_000;

/// Fewer, so that slow reads leave connections to commands.
const READS_AT_ONCE: usize = 6;

/// Puts the queue together: its parts, to be supervised, and its door. `wakes` is given after commits; its claimers are
/// those of other processes, told of the tasks that nobody waits for here.
pub fn start(
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    settings: QueueSettings,
    notifications: Notifications,
) -> (Vec<Child>, Queue) {
    let desk: Arc<OnceLock<Batcher<ClaimOperation>>> = Arc::default();
    let (to_desk, elsewhere) = (desk.clone(), notifications.claims);
    let claims = Arc::new(move |queue: &TaskQueueId, tasks: usize| {
        let wanted = to_desk.get().map_or(0, |lanes| claim_work::wake(lanes, queue, tasks));
        if wanted < tasks {
            elsewhere(queue, tasks - wanted);
        }
    });
    let notifications = Notifications { claims, ..notifications };
    let environment = Environment { db, clock, rng, settings, notifications, notes: WorkerNotes::default() };
    let (children, queue) = environment.build();
    let _ = desk.set(queue.claim.clone());
    (children, Queue::near(queue))
}

fn exempt(settings: &QueueSettings) -> UploadExemptions {
    if settings.require_complete_uploads {
        UploadExemptions::of(&settings.incomplete_uploads_allowed)
    } else {
        UploadExemptions::all()
    }
}

impl Environment {
    fn build(&self) -> (Vec<Child>, Near) {
        let (settings, notifications) = (&self.settings, &self.notifications);
        let (batch, lanes) = (settings.batch.max(1), settings.batch_connections.max(1));
        let create = CreateTask {
            clock: self.clock.clone(),
            notifications: notifications.clone(),
            batch,
            seen: Mutex::new(Recent::new(QUEUES_SEEN)),
        };
        let claim = ClaimOperation::new(self, batch);
        let report = ReportRun {
            clock: self.clock.clone(),
            notifications: notifications.clone(),
            batch,
            exempt: exempt(settings),
        };
        let reclaim = ReclaimTask { clock: self.clock.clone(), claim_timeout: settings.claim_timeout.delta(), batch };

        let (mut children, create) = self.lanes("queue/create", create, lanes);
        let (more, claim) = self.lanes("queue/claim", claim, lanes);
        children.extend(more);
        let (more, report) = self.lanes("queue/report", report, lanes);
        children.extend(more);
        let (more, reclaim) = self.lanes("queue/reclaim", reclaim, 1);
        children.extend(more);
        let (more, read) = self.lanes("queue/read", ReadTask { batch }, 1);
        children.extend(more);
        let (pool_child, pool) = Pool::new("queue/pool", Arc::new(self.clone()), POOL_WORKERS, settings.max_queued);
        children.push(pool_child);
        children.push(self.ticker(&claim));
        children.push(self.note_writer());

        let queue = Near {
            create,
            claim,
            report,
            reclaim,
            read,
            pool,
            reads: Reads::new(READS_AT_ONCE, settings.max_queued),
            environment: self.clone(),
            request_timeout: settings.request_timeout.duration(),
            long_poll: settings.long_poll.duration(),
        };
        (children, queue)
    }

    fn lanes<S: BatchOperation>(&self, name: &str, step: S, number: usize) -> (Vec<Child>, Batcher<S>) {
        let connect = || {
            let db = self.db.clone();
            Box::new(move || db.batch_connection()) as Connect
        };
        Batcher::new(name, step, std::iter::repeat_with(connect).take(number).collect(), self.settings.max_queued)
    }

    fn ticker(&self, lanes: &Batcher<ClaimOperation>) -> Child {
        let (environment, lanes, rng) = (self.clone(), lanes.clone(), self.rng.branch("claim-desk"));
        let make = move || {
            let ticker = Ticker {
                lanes: lanes.clone(),
                every: environment.settings.sweep_interval.duration(),
                rng: rng.clone(),
                db: environment.db.clone(),
            };
            (ticker, ())
        };
        Child::new("queue/claim-desk", Restart::Always, make).0
    }

    pub(super) fn note_writer(&self) -> Child {
        let (environment, rng) = (self.clone(), self.rng.branch("worker-notes"));
        let make = move || {
            let every = environment.settings.sweep_interval.duration();
            let (notes, db) = (environment.notes.clone(), environment.db.clone());
            (NoteWriter { notes, db, every, rng: rng.clone() }, ())
        };
        Child::new("queue/worker-notes", Restart::Always, make).0
    }

    /// The time of a command and of all it writes.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn claim_task(&self, id: TaskId, run: RunId, worker: WorkerName) -> Result<Claim, QueueError> {
        // This claim is noted at once, and those before it come first.
        self.notes.try_write(&self.db).await;
        let now = self.now();
        let taken_until = now + self.settings.claim_timeout.delta();
        let (claim, changed) = claim_task::run(&self.db, id, run, &worker, taken_until, now).await?;
        if changed {
            self.notifications.relay.notify();
        }
        Ok(claim)
    }
}
