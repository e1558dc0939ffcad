//! Coalescing lanes: a request never gets a commit of its own when others wait.
//!
//! Requests of one step wait in one bounded queue. A lane takes all that waits, as far as one call can carry it,
//! makes one call on a connection of its own, answers each caller, and looks again. No timer: the next batch
//! builds itself while the lane is in the database.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use base::telemetry::{Histogram, Label};
use db::BatchConnection;
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{Child, Handle, Restart};

/// One hot step: what a lane does with what waits.
pub trait BatchOperation: Send + Sync + 'static {
    type Request: Send + 'static;

    /// Takes from the front of what waits as much as one call can carry, and leaves what must not be in one call
    /// with it. Taking nothing says that there is nothing to do.
    fn take(&self, waiting: &mut VecDeque<Self::Request>) -> Vec<Self::Request>;

    /// Makes the call and answers everyone in the batch.
    fn run(&self, connection: &mut BatchConnection, batch: Vec<Self::Request>) -> impl Future<Output = ()> + Send;
}

/// The queue is full: the caller should try again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The door of a step: where requests wait for its lanes.
pub struct Batcher<S: BatchOperation> {
    shared: Arc<Shared<S>>,
    lanes: Arc<[BatcherWorker]>,
}

impl<S: BatchOperation> Clone for Batcher<S> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), lanes: self.lanes.clone() }
    }
}

struct Shared<S: BatchOperation> {
    step: S,
    waiting: Mutex<VecDeque<S::Request>>,
    limit: usize,
}

struct BatcherWorker {
    idle: Arc<AtomicBool>,
    handle: Handle<Look>,
}

impl<S: BatchOperation> Batcher<S> {
    /// `connections`: one lane each. `limit`: how many requests may wait.
    pub fn new(name: &str, step: S, connections: Vec<Connect>, limit: usize) -> (Vec<Child>, Self) {
        let shared = Arc::new(Shared { step, waiting: Mutex::new(VecDeque::new()), limit });
        let (mut children, mut lanes) = (Vec::new(), Vec::new());
        for (number, connect) in (1..).zip(connections) {
            let idle = Arc::new(AtomicBool::new(false));
            let (of_actor, of_shared) = (idle.clone(), shared.clone());
            let step = name.to_owned();
            let make = move || {
                let (shared, idle) = (of_shared.clone(), of_actor.clone());
                (BatcherActor { shared, idle, meters: Meters::new(&step) }, connect())
            };
            let (child, handle) = Child::new(&format!("{name}/{number}"), Restart::Always, make);
            children.push(child);
            lanes.push(BatcherWorker { idle, handle });
        }
        (children, Self { shared, lanes: lanes.into() })
    }

    /// Puts a request in the queue and wakes a lane that has nothing to do.
    pub fn submit(&self, request: S::Request) -> Result<(), Full> {
        let mut waiting = self.shared.lock();
        if waiting.len() >= self.shared.limit {
            return Err(Full);
        }
        waiting.push_back(request);
        drop(waiting);
        self.wake();
        Ok(())
    }

    /// Puts requests that were taken before back to the front, whatever the limit.
    pub fn resubmit(&self, requests: Vec<S::Request>) {
        if requests.is_empty() {
            return;
        }
        let mut waiting = self.shared.lock();
        requests.into_iter().rev().for_each(|request| waiting.push_front(request));
        drop(waiting);
        self.wake();
    }

    /// Makes an idle lane look. A lane at work looks again by itself.
    pub fn wake(&self) {
        for lane in self.lanes.iter() {
            if lane.idle.swap(false, Ordering::SeqCst) && lane.handle.tell(Look).is_ok() {
                return;
            }
        }
    }

    /// The step, for what else it can be told.
    pub fn step(&self) -> &S {
        &self.shared.step
    }
}

/// Gives a lane its connection, at each start a new one.
pub type Connect = Box<dyn Fn() -> BatchConnection + Send + Sync>;

impl<S: BatchOperation> Shared<S> {
    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<S::Request>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<S::Request> {
        self.step.take(&mut self.lock())
    }
}

/// One lane.
struct BatcherActor<S: BatchOperation> {
    shared: Arc<Shared<S>>,
    idle: Arc<AtomicBool>,
    meters: Meters,
}

/// How well a step coalesces, and what a call costs.
struct Meters {
    batch: Histogram,
    duration: Histogram,
    step: Label,
}

impl Meters {
    fn new(step: &str) -> Self {
        Self {
            batch: Histogram::new("lane", "drover.lane.batch", "{request}", "Requests in one database call."),
            duration: Histogram::new("lane", "drover.lane.duration", "s", "Time of one database call."),
            step: Label::new("step", step.to_owned()),
        }
    }
}

/// The only thing a lane is told.
struct Look;

impl<S: BatchOperation> Actor for BatcherActor<S> {
    type Msg = Look;
    type State = BatchConnection;
    type Arguments = BatchConnection;

    async fn pre_start(
        &self,
        myself: ActorRef<Look>,
        connection: BatchConnection,
    ) -> Result<BatchConnection, ActorProcessingErr> {
        // Requests may wait since before the start, or since the lane failed.
        myself.send_message(Look)?;
        Ok(connection)
    }

    async fn handle(
        &self,
        _: ActorRef<Look>,
        Look: Look,
        connection: &mut BatchConnection,
    ) -> Result<(), ActorProcessingErr> {
        loop {
            let batch = self.shared.take();
            if !batch.is_empty() {
                self.run(connection, batch).await;
                continue;
            }
            // Idle first, then one more look: a request that came in between finds either us or the flag.
            self.idle.store(true, Ordering::SeqCst);
            let nothing_new = self.shared.lock().is_empty();
            if nothing_new || !self.idle.swap(false, Ordering::SeqCst) {
                return Ok(());
            }
        }
    }
}

impl<S: BatchOperation> BatcherActor<S> {
    async fn run(&self, connection: &mut BatchConnection, batch: Vec<S::Request>) {
        let (requests, begun) = (u32::try_from(batch.len()).unwrap_or(u32::MAX), tokio::time::Instant::now());
        self.shared.step.run(connection, batch).await;
        let labels = std::slice::from_ref(&self.meters.step);
        self.meters.batch.record(f64::from(requests), labels);
        self.meters.duration.record(begun.elapsed().as_secs_f64(), labels);
    }
}
