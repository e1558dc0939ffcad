//! Hearing it: every other process's wake-ups, put to those here who wait.

use std::{sync::Arc, time::Duration};

use base::{Backoff, Rng};
use bus::{Bus, BusError, Exchange, Subscription};
use prost::Message as _;
use protocol::{id::TaskQueueId, proto::WakeUp};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::{EXCHANGE, Process};
use crate::{
    kit::{Child, Inbox, Letter, Restart, Tick},
    queue::Wakes,
};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) fn part(process: &Process, wakes: Wakes) -> Child {
    let (bus, sender, rng) = (process.bus.clone(), process.sender, process.rng.branch("listener"));
    let make = move || (Listener { bus: bus.clone(), sender, wakes: wakes.clone(), rng: rng.clone() }, ());
    Child::new("wake/listener", Restart::Always, make).0
}

struct Listener {
    bus: Arc<dyn Bus>,
    sender: u64,
    wakes: Wakes,
    rng: Rng,
}

enum Heard {
    /// The broker may be away when the process starts, and nothing else need wait for it.
    Open,
    Letter(Option<Letter>),
}

struct Ears {
    inbox: Option<Inbox>,
    tick: Tick,
    backoff: Backoff,
}

impl Actor for Listener {
    type Msg = Heard;
    type State = Ears;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Heard>, (): ()) -> Result<Ears, ActorProcessingErr> {
        myself.send_message(Heard::Open)?;
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, self.rng.clone());
        Ok(Ears { inbox: None, tick: Tick::new("wake/listener"), backoff })
    }

    async fn handle(&self, myself: ActorRef<Heard>, heard: Heard, ears: &mut Ears) -> Result<(), ActorProcessingErr> {
        match heard {
            Heard::Open => match self.open(&myself).await {
                Ok(inbox) => {
                    ears.inbox = Some(inbox);
                    self.look_at_all();
                }
                Err(error) => {
                    tracing::warn!(%error, "new work of other processes is found late");
                    ears.tick.again(&myself, ears.backoff.next_wait(), || Heard::Open);
                }
            },
            Heard::Letter(Some(letter)) => {
                self.hear(&letter.message().body);
                letter.ack();
            }
            Heard::Letter(None) => self.look_at_all(),
        }
        Ok(())
    }
}

impl Listener {
    async fn open(&self, myself: &ActorRef<Heard>) -> Result<Inbox, BusError> {
        self.bus.declare(Exchange::fanout(EXCHANGE)).await?;
        let subscription = Subscription::ephemeral().bind(EXCHANGE, "").signed();
        Inbox::open(&*self.bus, subscription, myself.clone(), Heard::Letter).await
    }

    fn hear(&self, body: &[u8]) {
        let wake_up = match WakeUp::decode(body) {
            Ok(wake_up) if wake_up.sender == self.sender => return,
            Ok(wake_up) => wake_up,
            Err(error) => return tracing::warn!(%error, "a wake-up cannot be read"),
        };
        for pending in wake_up.pending {
            let tasks = usize::try_from(pending.tasks).unwrap_or(usize::MAX);
            (self.wakes.claimers)(&TaskQueueId(pending.task_queue_id), tasks);
        }
        if wake_up.events_written {
            (self.wakes.relay)();
        }
        if wake_up.tasks_resolved {
            (self.wakes.scheduler)();
        }
    }

    /// Wake-ups may have been missed. Claimers look again within a second by themselves.
    fn look_at_all(&self) {
        (self.wakes.relay)();
        (self.wakes.scheduler)();
    }
}
