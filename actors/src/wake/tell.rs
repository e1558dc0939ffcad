//! Saying it: at once when nothing was said for a moment, else together with all else of that moment.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bus::{Bus, Exchange};
use prost::Message as _;
use protocol::{
    id::TaskQueueId,
    proto::{PendingTasks, WakeUp},
};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{EXCHANGE, Process};
use crate::{
    kit::{Child, Hint, HintInbox, Restart},
    queue::Wakes,
};

/// Between two wake-ups: a queue is named at most once in this time.
const BREATH: Duration = Duration::from_millis(10);

/// What is to be said to other processes. Cheap to clone, and to tell.
#[derive(Clone)]
pub struct Others {
    gathered: Arc<Mutex<Gathered>>,
    hint: Hint<Look>,
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
    pub fn wakes(&self) -> Wakes {
        let (relay, scheduler, claimers) = (self.clone(), self.clone(), self.clone());
        Wakes {
            relay: Arc::new(move || relay.written()),
            scheduler: Arc::new(move || scheduler.resolved()),
            claimers: Arc::new(move |queue, tasks| claimers.pending(queue, tasks)),
        }
    }

    fn note(&self, happened: impl FnOnce(&mut Gathered)) {
        happened(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        self.hint.give();
    }
}

pub(super) fn part(process: &Process) -> (Child, Others) {
    let gathered: Arc<Mutex<Gathered>> = Arc::default();
    let inbox = HintInbox::default();
    let (bus, sender) = (process.bus.clone(), process.sender);
    let (of_actor, of_inbox) = (gathered.clone(), inbox.clone());
    let make = move || {
        let teller = Teller { bus: bus.clone(), sender, gathered: of_actor.clone(), inbox: of_inbox.clone() };
        (teller, ())
    };
    let (child, handle) = Child::new("wake/teller", Restart::Always, make);
    let hint = Hint::new(handle, &inbox, || Look);
    (child, Others { gathered, hint })
}

struct Teller {
    bus: Arc<dyn Bus>,
    sender: u64,
    gathered: Arc<Mutex<Gathered>>,
    inbox: HintInbox,
}

/// The only thing the teller is told.
struct Look;

impl Actor for Teller {
    type Msg = Look;
    /// Whether the exchange is there.
    type State = bool;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Look>, (): ()) -> Result<bool, ActorProcessingErr> {
        Ok(false)
    }

    async fn handle(&self, _: ActorRef<Look>, Look: Look, declared: &mut bool) -> Result<(), ActorProcessingErr> {
        if !*declared {
            match self.bus.declare(Exchange::fanout(EXCHANGE)).await {
                Ok(()) => *declared = true,
                Err(error) => tracing::warn!(%error, "other processes are not told of new work"),
            }
        }
        self.inbox.taken();
        let gathered = mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(wake_up) = gathered.wake_up(self.sender)
            && self.bus.may_be_heard(EXCHANGE, "")
        {
            self.bus.wake(EXCHANGE, wake_up.encode_to_vec().into());
        }
        tokio::time::sleep(BREATH).await;
        Ok(())
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
