//! The queue in this process: its batchers, and what its methods need. The methods are in the files of their names.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use db::{Db, queue::UploadExemptions};
use protocol::{id::TaskQueueId, time::Timestamp};

use super::{
    batch::{CreateTasks, ReadTasks, ReclaimRuns, ReportRuns},
    claims::{ClaimOperation, ClaimSweep},
    error::QueueError,
    settings::{GRAPH_TIMEOUT, QueueSettings},
    worker_records::WorkerRecords,
};
use crate::kit::{BatchOperation, Batcher, Child, Connect, Limiter, Notifications, PendingNotifier, Schedule};

/// As many as there are connections in the pool.
const MAX_COMMANDS: usize = 8;
/// Fewer, so that slow reads leave connections to commands.
const MAX_READS: usize = 6;

pub struct LocalQueue {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: QueueSettings,
    pub(super) notifications: Notifications,
    pub(super) records: WorkerRecords,
    pub(super) create_batcher: Batcher<CreateTasks>,
    pub(super) claim_batcher: Batcher<ClaimOperation>,
    pub(super) report_batcher: Batcher<ReportRuns>,
    pub(super) reclaim_batcher: Batcher<ReclaimRuns>,
    pub(super) read_batcher: Batcher<ReadTasks>,
    pub(super) request_timeout: Duration,
    pub(super) long_poll: Duration,
    commands: Limiter,
    reads: Limiter,
}

impl LocalQueue {
    /// The actors, to be supervised, and the queue. `notifications` follow the commits: of tasks that became pending the
    /// claims that wait here come first, and the given notifier is for those of other processes.
    pub(super) fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: &Rng,
        settings: QueueSettings,
        notifications: Notifications,
    ) -> (Vec<Child>, Self) {
        let (max_batch, claim_timeout) = (settings.batch.max(1), settings.claim_timeout.delta());
        let (connections, max_queued) = (settings.batch_connections.max(1), settings.max_queued);
        let mut actors = Actors { db: db.clone(), max_queued, children: Vec::new() };

        let relay = notifications.relay.clone();
        let claim = ClaimOperation::new(db.clone(), clock.clone(), claim_timeout, max_batch, relay);
        let claim_batcher = actors.batcher("queue/claim", claim, connections);
        let notifications = local_claims_first(&claim_batcher, notifications);
        let create = CreateTasks::new(clock.clone(), notifications.clone(), max_batch);
        let exemptions = exemptions(&settings);
        let report = ReportRuns { clock: clock.clone(), notifications: notifications.clone(), max_batch, exemptions };
        let reclaim = ReclaimRuns { clock: clock.clone(), claim_timeout, max_batch };

        let (records, interval) = (WorkerRecords::default(), settings.sweep_interval.duration());
        actors.children.push(claim_sweep(&claim_batcher, interval, rng));
        actors.children.push(records.writer(db.clone(), interval, rng));
        let queue = Self {
            create_batcher: actors.batcher("queue/create", create, connections),
            report_batcher: actors.batcher("queue/report", report, connections),
            reclaim_batcher: actors.batcher("queue/reclaim", reclaim, 1),
            read_batcher: actors.batcher("queue/read", ReadTasks { max_batch }, 1),
            request_timeout: settings.request_timeout.duration(),
            long_poll: settings.long_poll.duration(),
            commands: Limiter::new(MAX_COMMANDS, max_queued),
            reads: Limiter::new(MAX_READS, max_queued),
            db,
            clock,
            settings,
            notifications,
            records,
            claim_batcher,
        };
        (actors.children, queue)
    }

    /// The time of a command and of all it writes.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// For reads of more than one task. They wait for nothing but a connection.
    pub(super) async fn read<T>(&self, read: impl Future<Output = Result<T, QueueError>>) -> Result<T, QueueError> {
        // Boxed: the callers' futures would otherwise hold the largest of all reads.
        self.reads.read(self.request_timeout, Box::pin(read)).await?
    }

    /// For commands that are not batched. Two about the same task, group or worker are put in order by the locks of their
    /// stored functions. A command that has begun is carried out to its end even when nobody waits for it any more.
    pub(super) async fn command<T, F>(self: &Arc<Self>, command: impl FnOnce(Arc<Self>) -> F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QueueError>> + Send + 'static,
    {
        self.commands.command(self.request_timeout, command(self.clone())).await?
    }

    /// The same for a whole graph.
    pub(super) async fn graph_command<T, F>(
        self: &Arc<Self>,
        command: impl FnOnce(Arc<Self>) -> F,
    ) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, QueueError>> + Send + 'static,
    {
        self.commands.command(GRAPH_TIMEOUT, command(self.clone())).await?
    }

    /// Wakes claims that wait here, and nothing else.
    pub(super) fn pending_notifier(&self) -> PendingNotifier {
        let batcher = self.claim_batcher.clone();
        Arc::new(move |queue, tasks| {
            ClaimOperation::notify(&batcher, queue, tasks);
        })
    }

    /// Claims that wait get an empty answer from now on.
    pub(super) fn close_wait_queue(&self) {
        self.claim_batcher.operation().close();
    }
}

/// The actors of the queue, while it is built.
struct Actors {
    db: Db,
    max_queued: usize,
    children: Vec<Child>,
}

impl Actors {
    fn batcher<O: BatchOperation>(&mut self, name: &str, operation: O, connections: usize) -> Batcher<O> {
        let connect = || {
            let db = self.db.clone();
            Box::new(move || db.batch_connection()) as Connect
        };
        let connections = std::iter::repeat_with(connect).take(connections).collect();
        let (children, batcher) = Batcher::new(name, operation, connections, self.max_queued);
        self.children.extend(children);
        batcher
    }
}

/// Other processes are notified of the tasks that nobody waits for here.
fn local_claims_first(batcher: &Batcher<ClaimOperation>, notifications: Notifications) -> Notifications {
    let (batcher, others) = (batcher.clone(), notifications.claims);
    let claims = Arc::new(move |queue: &TaskQueueId, tasks: usize| {
        let wanted = ClaimOperation::notify(&batcher, queue, tasks);
        if wanted < tasks {
            others(queue, tasks - wanted);
        }
    });
    Notifications { claims, ..notifications }
}

fn claim_sweep(batcher: &Batcher<ClaimOperation>, interval: Duration, rng: &Rng) -> Child {
    let batcher = batcher.clone();
    let make = move |_: &_| ClaimSweep { batcher: batcher.clone(), look_interval: interval * 2 };
    Schedule::every(interval, rng.branch("claim-sweep")).child("queue/claim-sweep", make).0
}

fn exemptions(settings: &QueueSettings) -> UploadExemptions {
    if settings.require_complete_uploads {
        UploadExemptions::of(&settings.incomplete_uploads_allowed)
    } else {
        UploadExemptions::all()
    }
}
