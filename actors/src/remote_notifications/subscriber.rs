//! Receives notifications of other processes.

use std::convert::Infallible;

use bus::{Bus, BusError, Exchange, Message, Subscription};
use prost::Message as _;
use protocol::{id::TaskQueueId, proto::Notification};

use super::{EXCHANGE, RemoteNotifications};
use crate::kit::{Child, Consumer, ConsumerContext, Notifications};

pub(super) fn child(process: &RemoteNotifications, local: Notifications) -> Child {
    let context =
        ConsumerContext { bus: process.bus.clone(), rng: process.rng.branch("subscriber"), dead_letters: None };
    let sender = process.sender;
    context.child("notifications/subscriber", move || Subscriber { sender, local: local.clone() })
}

struct Subscriber {
    sender: u64,
    local: Notifications,
}

impl Consumer for Subscriber {
    type Item = Notification;
    type Error = Infallible;

    fn subscription(&self) -> Subscription {
        Subscription::ephemeral().bind(EXCHANGE, "").signed()
    }

    async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        bus.declare(Exchange::fanout(EXCHANGE)).await
    }

    fn decode(&self, message: &Message) -> Result<Option<Notification>, String> {
        let decoded = Notification::decode(&message.body[..]).map_err(|error| error.to_string())?;
        Ok((decoded.sender != self.sender).then_some(decoded))
    }

    async fn consume(&mut self, messages: &[Notification]) -> Result<(), Infallible> {
        for pending in messages.iter().flat_map(|message| &message.pending) {
            let tasks = usize::try_from(pending.tasks).unwrap_or(usize::MAX);
            (self.local.claims)(&TaskQueueId(pending.task_queue_id.clone()), tasks);
        }
        if messages.iter().any(|message| message.events_written) {
            self.local.relay.notify();
        }
        if messages.iter().any(|message| message.tasks_resolved) {
            self.local.scheduler.notify();
        }
        if messages.iter().any(|message| message.hooks_changed) {
            self.local.hooks.notify();
        }
        if messages.iter().any(|message| message.pools_changed) {
            self.local.pools.notify();
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
        self.local.hooks.notify();
        self.local.pools.notify();
    }
}
