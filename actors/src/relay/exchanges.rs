//! Which messages tell of an event, and where they go.

use std::{collections::HashMap, sync::Arc};

use bus::{Bus, BusError, ContentType, Exchange, Message};
use protocol::{
    event::{Event, EventKind, Fact},
    exchanges::{self, BadTemplate, ExchangeNames},
};

use super::RelaySettings;

/// The exchanges by their full names.
#[derive(Debug)]
pub(super) struct Exchanges {
    /// For the world, one per kind: JSON exactly as existing consumers read it.
    world: HashMap<EventKind, Arc<str>>,
    /// For our own parts: every event as protobuf, under `<kind>.<task group id>.<task id>`. `_` stands for what the
    /// event is not about.
    own: Arc<str>,
}

impl Exchanges {
    pub(super) fn new(settings: &RelaySettings) -> Result<Self, BadTemplate> {
        let names = ExchangeNames::with_template(&settings.exchange_names)?;
        let exchange = |kind: EventKind| (kind, Arc::from(names.name(exchanges::of(kind))));
        Ok(Self {
            world: EventKind::ALL.into_iter().map(exchange).collect(),
            own: settings.own_exchange.as_str().into(),
        })
    }

    pub(super) async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        for name in self.world.values().chain([&self.own]) {
            bus.declare(Exchange::topic(name)).await?;
        }
        Ok(())
    }

    /// The kinds of events that anybody might listen to.
    pub(super) fn heard(&self, bus: &dyn Bus) -> Vec<EventKind> {
        let all = bus.may_be_heard(&self.own);
        let heard = self.world.iter().filter(|(_, name)| all || bus.may_be_heard(name));
        heard.map(|(kind, _)| *kind).collect()
    }

    /// What is to be sent, in order. An event that makes no message never will: it is told of in the log alone.
    pub(super) fn messages(&self, events: &[Event], bus: &dyn Bus) -> Vec<Message> {
        let heard = |name: &Arc<str>| bus.may_be_heard(name);
        let world: HashMap<EventKind, Arc<str>> =
            self.world.iter().filter(|(_, name)| heard(name)).map(|(kind, name)| (*kind, name.clone())).collect();
        let own = Some(&self.own).filter(|own| heard(own));
        let mut messages = Vec::with_capacity(events.len() * 2);
        for event in events {
            messages.extend(world.get(&event.kind()).and_then(|exchange| for_the_world(event, exchange)));
            messages.extend(own.map(|own| for_ourselves(event, own)));
        }
        messages
    }
}

fn for_the_world(event: &Event, exchange: &Arc<str>) -> Option<Message> {
    match event.message() {
        Ok(message) => Some(Message {
            exchange: exchange.clone(),
            routing_key: message.routing_key,
            cc: message.cc,
            content_type: ContentType::Json,
            body: message.body.into(),
        }),
        Err(error) => {
            tracing::error!(event.id, event.kind = event.kind().as_str(), %error, "an event makes no message and is lost");
            None
        }
    }
}

fn for_ourselves(event: &Event, exchange: &Arc<str>) -> Message {
    let kind = event.kind().as_str();
    let routing_key = match &event.fact {
        Fact::Task(task) => format!("{kind}.{}.{}", task.status.task_group_id, task.status.task_id),
        Fact::Group(group) => format!("{kind}.{}._", group.task_group_id),
        Fact::Client(_) | Fact::Role(_) => format!("{kind}._._"),
    };
    Message {
        exchange: exchange.clone(),
        routing_key,
        cc: Vec::new(),
        content_type: ContentType::Protobuf,
        body: event.to_proto().into(),
    }
}
