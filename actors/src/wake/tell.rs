//! Saying it: at once when nothing was said for a moment, else together with all else of that moment.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bus::{Bus, BusError, Exchange};
use prost::Message as _;
use protocol::{
    id::TaskQueueId,
    proto::{PendingTasks, WakeUp},
};

use super::{EXCHANGE, Process};
use crate::kit::{Child, Next, Notifications, Notifier, Periodic, Schedule};

/// Between two wake-ups: a queue is named at most once in this time.
const MIN_INTERVAL: Duration = Duration::from_millis(10);
/// Bounds the retries while the broker is away.
const RETRY: Duration = Duration::from_secs(2);

/// What is to be said to other processes. Cheap to clone, and to tell.
#[derive(Clone)]
pub struct Others {
    gathered: Arc<Mutex<Gathered>>,
    notifier: Notifier,
}

/// What happened since the last wake-up.
#[derive(Default)]
struct Gathered {
    pending: HashMap<TaskQueueId, usize>,
    written: bool,
    resolved: bool,
}

impl Others {
    /// More tasks became pending in a queue than anybody here waits for.
    pub fn pending(&self, queue: &TaskQueueId, tasks: usize) {
        self.note(|gathered| *gathered.pending.entry(queue.clone()).or_default() += tasks);
    }

    /// Events were written to the outbox.
    pub fn written(&self) {
        self.note(|gathered| gathered.written = true);
    }

    /// Tasks were resolved.
    pub fn resolved(&self) {
        self.note(|gathered| gathered.resolved = true);
    }

    /// Everything at once, as the queue gives it.
    pub fn notifications(&self) -> Notifications {
        let (relay, scheduler, claims) = (self.clone(), self.clone(), self.clone());
        Notifications {
            relay: Notifier::new(move || relay.written()),
            scheduler: Notifier::new(move || scheduler.resolved()),
            claims: Arc::new(move |queue, tasks| claims.pending(queue, tasks)),
        }
    }

    fn note(&self, happened: impl FnOnce(&mut Gathered)) {
        happened(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        self.notifier.notify();
    }
}

pub(super) fn part(process: &Process) -> (Child, Others) {
    let gathered: Arc<Mutex<Gathered>> = Arc::default();
    let (bus, sender, of_actor) = (process.bus.clone(), process.sender, gathered.clone());
    let make = move |_: &_| Publisher { bus: bus.clone(), sender, gathered: of_actor.clone(), declared: false };
    let (child, notifier) = Schedule::every(RETRY, process.rng.branch("publisher")).child("wake/publisher", make);
    (child, Others { gathered, notifier })
}

struct Publisher {
    bus: Arc<dyn Bus>,
    sender: u64,
    gathered: Arc<Mutex<Gathered>>,
    declared: bool,
}

impl Periodic for Publisher {
    type Error = BusError;

    async fn run(&mut self) -> Result<Next, BusError> {
        if !self.declared {
            self.bus.declare(Exchange::fanout(EXCHANGE)).await?;
            self.declared = true;
        }
        let gathered = mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(wake_up) = gathered.wake_up(self.sender) else { return Ok(Next::IDLE.when_notified()) };
        if self.bus.may_have_subscribers(EXCHANGE, "") {
            self.bus.notify(EXCHANGE, wake_up.encode_to_vec().into());
        }
        Ok(Next::DONE.pause(MIN_INTERVAL).when_notified())
    }
}

impl Gathered {
    /// `None`: nothing happened.
    fn wake_up(self, sender: u64) -> Option<WakeUp> {
        let pending = |(queue, tasks): (TaskQueueId, usize)| PendingTasks {
            task_queue_id: queue.0,
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
        };
        let something = self.written || self.resolved || !self.pending.is_empty();
        something.then(|| WakeUp {
            sender,
            pending: self.pending.into_iter().map(pending).collect(),
            events_written: self.written,
            tasks_resolved: self.resolved,
        })
    }
}
