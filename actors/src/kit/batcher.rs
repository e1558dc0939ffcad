//! Batching of hot statements: a request never gets a commit of its own while others wait.
//!
//! Requests of one operation wait in one bounded queue. A worker takes all that waits, as far as one call can carry it,
//! makes one call on a connection of its own, answers each caller, and looks again. There is no timer: the next batch
//! builds itself while the worker waits for the database.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base::telemetry::{Histogram, Label};
use db::BatchConnection;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{Child, Handle, Restart};

/// What a worker does with the requests that wait.
pub trait BatchOperation: Send + Sync + 'static {
    type Request: Send + 'static;

    /// Takes from the front of the queue as much as one call can carry, and leaves what must not be in the same call.
    /// An empty batch says that there is nothing to do. Runs under the lock of the queue: it must not block.
    fn take(&self, queue: &mut VecDeque<Self::Request>) -> Vec<Self::Request>;

    /// Makes the call and answers everyone in the batch.
    fn run(&self, connection: &mut BatchConnection, batch: Vec<Self::Request>) -> impl Future<Output = ()> + Send;
}

/// The queue is full: the caller should try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// Where the requests of an operation wait for its workers. Cheap to clone.
pub struct Batcher<O: BatchOperation> {
    shared: Arc<Shared<O>>,
    workers: Arc<[WorkerHandle]>,
}

impl<O: BatchOperation> Clone for Batcher<O> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), workers: self.workers.clone() }
    }
}

struct Shared<O: BatchOperation> {
    operation: O,
    /// Held only to push or to take, never across an await.
    queue: Mutex<VecDeque<O::Request>>,
    max_queued: usize,
}

struct WorkerHandle {
    /// Set by the worker when it has found the queue empty, cleared by whoever wakes it.
    idle: Arc<AtomicBool>,
    handle: Handle<Wake>,
}

impl<O: BatchOperation> Batcher<O> {
    /// One worker for each of the `connections`; `max_queued` requests may wait for them.
    pub fn new(name: &str, operation: O, connections: Vec<Connect>, max_queued: usize) -> (Vec<Child>, Self) {
        let shared = Arc::new(Shared { operation, queue: Mutex::new(VecDeque::new()), max_queued });
        let (mut children, mut workers) = (Vec::new(), Vec::new());
        for (number, connect) in (1..).zip(connections) {
            let idle = Arc::new(AtomicBool::new(false));
            let (of_actor, of_shared) = (idle.clone(), shared.clone());
            let operation = name.to_owned();
            let make = move || {
                let (shared, idle) = (of_shared.clone(), of_actor.clone());
                (Worker { shared, idle, metrics: Metrics::new(&operation) }, connect())
            };
            let (child, handle) = Child::new(&format!("{name}/{number}"), Restart::Always, make);
            children.push(child);
            workers.push(WorkerHandle { idle, handle });
        }
        (children, Self { shared, workers: workers.into() })
    }

    /// Puts a request in the queue and wakes a worker that is idle.
    pub fn submit(&self, request: O::Request) -> Result<(), QueueFull> {
        let mut queue = self.shared.lock();
        if queue.len() >= self.shared.max_queued {
            return Err(QueueFull);
        }
        queue.push_back(request);
        drop(queue);
        self.wake();
        Ok(())
    }

    /// Puts requests that were taken before back to the front, whatever the limit.
    pub fn resubmit(&self, requests: Vec<O::Request>) {
        if requests.is_empty() {
            return;
        }
        let mut queue = self.shared.lock();
        requests.into_iter().rev().for_each(|request| queue.push_front(request));
        drop(queue);
        self.wake();
    }

    /// Wakes one idle worker, if there is one. A busy worker looks at the queue again by itself.
    pub fn wake(&self) {
        for worker in self.workers.iter() {
            // `swap`, so that of two callers one goes on to the next worker: one message wakes one worker.
            if worker.idle.swap(false, Ordering::AcqRel) && worker.handle.send(Wake).is_ok() {
                return;
            }
        }
    }

    /// The operation, for state of it that lies beside the queue.
    pub fn operation(&self) -> &O {
        &self.shared.operation
    }
}

/// Gives a worker its connection, at each start a new one.
pub type Connect = Box<dyn Fn() -> BatchConnection + Send + Sync>;

impl<O: BatchOperation> Shared<O> {
    fn lock(&self) -> MutexGuard<'_, VecDeque<O::Request>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<O::Request> {
        self.operation.take(&mut self.lock())
    }
}

struct Worker<O: BatchOperation> {
    shared: Arc<Shared<O>>,
    idle: Arc<AtomicBool>,
    metrics: Metrics,
}

/// How many requests share a call, and what a call costs.
struct Metrics {
    batch_size: Histogram,
    duration: Histogram,
    operation: Label,
}

impl Metrics {
    fn new(operation: &str) -> Self {
        Self {
            batch_size: Histogram::new(
                "batcher",
                "drover.batcher.batch",
                "{request}",
                "Requests in one database call.",
            ),
            duration: Histogram::new("batcher", "drover.batcher.duration", "s", "Time of one database call."),
            operation: Label::new("operation", operation.to_owned()),
        }
    }
}

/// The only message of a worker: the queue may have something for it.
struct Wake;

impl<O: BatchOperation> Actor for Worker<O> {
    type Msg = Wake;
    type State = BatchConnection;
    type Arguments = BatchConnection;

    async fn pre_start(
        &self,
        myself: ActorRef<Wake>,
        connection: BatchConnection,
    ) -> Result<BatchConnection, ActorProcessingErr> {
        // Requests may wait since before the start, or since the worker failed.
        myself.send_message(Wake)?;
        Ok(connection)
    }

    async fn handle(
        &self,
        _: ActorRef<Wake>,
        Wake: Wake,
        connection: &mut BatchConnection,
    ) -> Result<(), ActorProcessingErr> {
        loop {
            let batch = self.shared.take();
            if !batch.is_empty() {
                self.run(connection, batch).await;
                continue;
            }
            // The flag first, then one more look at the queue. The lock orders the two sides: a request pushed before
            // this look is seen here; one pushed after it finds the flag set, because `submit` reads the flag after it
            // has held the same lock. So no request is left waiting while all workers sleep.
            self.idle.store(true, Ordering::Release);
            let still_empty = self.shared.lock().is_empty();
            // Cleared by somebody else meanwhile: his message is in the mailbox and would only wake us once more.
            if still_empty || !self.idle.swap(false, Ordering::AcqRel) {
                return Ok(());
            }
        }
    }
}

impl<O: BatchOperation> Worker<O> {
    async fn run(&self, connection: &mut BatchConnection, batch: Vec<O::Request>) {
        let (requests, started) = (u32::try_from(batch.len()).unwrap_or(u32::MAX), tokio::time::Instant::now());
        self.shared.operation.run(connection, batch).await;
        let labels = std::slice::from_ref(&self.metrics.operation);
        self.metrics.batch_size.record(f64::from(requests), labels);
        self.metrics.duration.record(started.elapsed().as_secs_f64(), labels);
    }
}
