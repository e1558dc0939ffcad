//! Receives notifications of other processes.

use std::convert::Infallible;

use bus::{Bus, BusError, Exchange, Message, Subscription};
use prost::Message as _;
use protocol::{id::TaskQueueId, proto::WakeUp};

use super::{EXCHANGE, Process};
use crate::kit::{Child, Consumer, ConsumerContext, Notifications};

pub(super) fn child(process: &Process, local: Notifications) -> Child {
    let context =
        ConsumerContext { bus: process.bus.clone(), rng: process.rng.branch("subscriber"), dead_letters: None };
    let sender = process.sender;
    context.child("wake/subscriber", move || Subscriber { sender, local: local.clone() })
}

struct Subscriber {
    sender: u64,
    local: Notifications,
}

impl Consumer for Subscriber {
    type Item = WakeUp;
    type Error = Infallible;

    fn subscription(&self) -> Subscription {
        Subscription::ephemeral().bind(EXCHANGE, "").signed()
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::fanout(EXCHANGE)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<WakeUp>, String> {
        let wake_up = WakeUp::decode(&message.body[..]).map_err(|error| error.to_string())?;
        Ok((wake_up.sender != self.sender).then_some(wake_up))
    }

    async fn consume(&mut self, wake_ups: &[WakeUp]) -> Result<(), Infallible> {
        for pending in wake_ups.iter().flat_map(|wake_up| &wake_up.pending) {
            let tasks = usize::try_from(pending.tasks).unwrap_or(usize::MAX);
            (self.local.claims)(&TaskQueueId(pending.task_queue_id.clone()), tasks);
        }
        if wake_ups.iter().any(|wake_up| wake_up.events_written) {
            self.local.relay.notify();
        }
        if wake_ups.iter().any(|wake_up| wake_up.tasks_resolved) {
            self.local.scheduler.notify();
        }
        Ok(())
    }

    fn is_permanent(error: &Infallible) -> bool {
        match *error {}
    }

    /// Notifications may have been missed. Claims look again within a second by themselves.
    fn subscribed(&mut self) {
        self.local.relay.notify();
        self.local.scheduler.notify();
    }
}
