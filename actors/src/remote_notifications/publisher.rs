//! Notifies other processes: at once after a quiet moment, else together with everything else of that moment.

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
    proto::{Notification, PendingTasks},
};

use super::{EXCHANGE, RemoteNotifications};
use crate::kit::{Child, Next, Notifications, Notifier, Periodic, Schedule};

/// Between two messages: a task queue is named at most once in this time.
const MIN_INTERVAL: Duration = Duration::from_millis(10);
/// Bounds the retries while the broker is away.
const RETRY: Duration = Duration::from_secs(2);

/// Notifies other processes. Cheap to clone, and to call.
#[derive(Clone)]
pub struct RemoteNotifier {
    pending: Arc<Mutex<Pending>>,
    notifier: Notifier,
}

/// What happened since the last message.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the message")]
struct Pending {
    tasks: HashMap<TaskQueueId, usize>,
    events_written: bool,
    tasks_resolved: bool,
    hooks_changed: bool,
    pools_changed: bool,
}

impl RemoteNotifier {
    /// More tasks became pending in a queue than claims wait for in this process.
    pub fn tasks_pending(&self, queue: &TaskQueueId, tasks: usize) {
        self.add(|pending| *pending.tasks.entry(queue.clone()).or_default() += tasks);
    }

    /// Events were written to the outbox.
    pub fn events_written(&self) {
        self.add(|pending| pending.events_written = true);
    }

    /// Tasks were resolved.
    pub fn tasks_resolved(&self) {
        self.add(|pending| pending.tasks_resolved = true);
    }

    /// Hooks changed.
    pub fn hooks_changed(&self) {
        self.add(|pending| pending.hooks_changed = true);
    }

    /// Worker pools were written, or workers are to be stopped.
    pub fn pools_changed(&self) {
        self.add(|pending| pending.pools_changed = true);
    }

    /// All of it, as services take it.
    pub fn notifications(&self) -> Notifications {
        let (relay, scheduler, claims, hooks, pools) =
            (self.clone(), self.clone(), self.clone(), self.clone(), self.clone());
        Notifications {
            relay: Notifier::new(move || relay.events_written()),
            scheduler: Notifier::new(move || scheduler.tasks_resolved()),
            claims: Arc::new(move |queue, tasks| claims.tasks_pending(queue, tasks)),
            hooks: Notifier::new(move || hooks.hooks_changed()),
            pools: Notifier::new(move || pools.pools_changed()),
        }
    }

    fn add(&self, add: impl FnOnce(&mut Pending)) {
        add(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.notifier.notify();
    }
}

pub(super) fn child(process: &RemoteNotifications) -> (Child, RemoteNotifier) {
    let pending: Arc<Mutex<Pending>> = Arc::default();
    let (bus, sender, shared) = (process.bus.clone(), process.sender, pending.clone());
    let make = move |_: &_| Publisher { bus: bus.clone(), sender, pending: shared.clone(), declared: false };
    let (child, notifier) =
        Schedule::every(RETRY, process.rng.branch("publisher")).child("notifications/publisher", make);
    (child, RemoteNotifier { pending, notifier })
}

struct Publisher {
    bus: Arc<dyn Bus>,
    sender: u64,
    pending: Arc<Mutex<Pending>>,
    declared: bool,
}

impl Periodic for Publisher {
    type Error = BusError;

    async fn run(&mut self) -> Result<Next, BusError> {
        if !self.declared {
            self.bus.declare(Exchange::fanout(EXCHANGE)).await?;
            self.declared = true;
        }
        let pending = mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(message) = pending.message(self.sender) else { return Ok(Next::IDLE.when_notified()) };
        if self.bus.may_have_subscribers(EXCHANGE, "") {
            self.bus.notify(EXCHANGE, message.encode_to_vec().into());
        }
        Ok(Next::DONE.pause(MIN_INTERVAL).when_notified())
    }
}

impl Pending {
    /// `None`: nothing happened.
    fn message(self, sender: u64) -> Option<Notification> {
        let Self { tasks, events_written, tasks_resolved, hooks_changed, pools_changed } = self;
        let pending_tasks = |(queue, tasks): (TaskQueueId, usize)| PendingTasks {
            task_queue_id: queue.0,
            tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
        };
        let something = events_written || tasks_resolved || hooks_changed || pools_changed || !tasks.is_empty();
        let pending = tasks.into_iter().map(pending_tasks).collect();
        something.then_some(Notification {
            sender,
            pending,
            events_written,
            tasks_resolved,
            hooks_changed,
            pools_changed,
        })
    }
}
