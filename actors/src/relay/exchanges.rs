//! Which messages tell of an event, and where they go.

use std::{collections::HashMap, sync::Arc};

use bus::{Bus, BusError, ContentType, Exchange, Message};
use db::outbox::EventFilter;
use protocol::{
    event::{Event, EventKind, Fact},
    exchanges::{self, ExchangeNames},
};

use super::{RelaySettings, listeners::Listeners};

/// The exchanges by their full names, and what is sent to them.
#[derive(Debug)]
pub struct Exchanges {
    /// For the world, one per kind: JSON exactly as existing consumers read it.
    world: HashMap<EventKind, Arc<str>>,
    /// For our own parts: every event as protobuf, under `<kind>.<task group id>.<task id>`, `_` for what the event is
    /// not about, and under the routes of its task.
    own: Arc<str>,
}

/// What becomes of a batch of events.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) messages: Vec<Message>,
    /// Events that make no message for the world, and never will, each with the reason.
    pub(super) impossible: Vec<(i64, String)>,
}

impl Exchanges {
    pub fn new(names: &ExchangeNames, settings: &RelaySettings) -> Self {
        let exchange = |kind: EventKind| (kind, Arc::from(names.name(exchanges::of(kind))));
        Self { world: EventKind::ALL.into_iter().map(exchange).collect(), own: settings.own_exchange.as_str().into() }
    }

    pub(super) async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        for name in self.world.values().chain([&self.own]) {
            bus.declare(Exchange::topic(name)).await?;
        }
        Ok(())
    }

    /// The full name of an exchange for the world, of its short one like `task-pending`; any other name is a full one.
    pub fn full_name<'a>(&'a self, name: &'a str) -> &'a str {
        let short = self.world.iter().find(|(kind, _)| kind.as_str() == name);
        short.map_or(name, |(_, full)| full)
    }

    /// The exchange for our own parts.
    pub fn own_exchange(&self) -> &str {
        &self.own
    }

    /// All exchanges for the world.
    pub fn world_exchanges(&self) -> impl Iterator<Item = &str> {
        self.world.values().map(|name| &**name)
    }

    /// The messages by which an event is told: for the world, and for ourselves.
    pub fn both_forms(&self, event: &Event) -> impl Iterator<Item = Message> + use<> {
        self.for_the_world(event).into_iter().chain([for_ourselves(event, &self.own)])
    }

    /// The message that tells the world. `None`, with a word in the log: there can be none.
    pub fn for_the_world(&self, event: &Event) -> Option<Message> {
        let message = for_the_world(event, self.world.get(&event.kind())?);
        message
            .inspect_err(|error| {
                let kind = event.kind().as_str();
                tracing::error!(event.id, event.kind = kind, error, "an event makes no message for the world");
            })
            .ok()
    }

    /// Which events anybody might listen to just now.
    pub(super) fn wanted(&self, bus: &dyn Bus) -> EventFilter {
        let mut wanted = EventFilter::default();
        for kind in EventKind::ALL {
            match self.world(kind, bus).max(self.own(kind, bus)) {
                Listeners::Nobody => {}
                Listeners::ByRoute => wanted.by_route.push(kind),
                Listeners::OfAll => wanted.all_of.push(kind),
            }
        }
        wanted
    }

    /// What is to be sent, in order.
    pub(super) fn messages(&self, events: &[Event], bus: &dyn Bus) -> Outgoing {
        let listeners: HashMap<EventKind, (Listeners, Listeners)> =
            EventKind::ALL.into_iter().map(|kind| (kind, (self.world(kind, bus), self.own(kind, bus)))).collect();
        let mut outgoing = Outgoing { messages: Vec::with_capacity(events.len() * 2), impossible: Vec::new() };
        for event in events {
            let (world, own) = listeners[&event.kind()];
            if world.want(event) {
                match for_the_world(event, &self.world[&event.kind()]) {
                    Ok(message) => outgoing.messages.push(message),
                    Err(error) => outgoing.impossible.push((event.id, error)),
                }
            }
            if own.want(event) {
                outgoing.messages.push(for_ourselves(event, &self.own));
            }
        }
        outgoing
    }

    fn world(&self, kind: EventKind, bus: &dyn Bus) -> Listeners {
        Listeners::on(bus, &self.world[&kind], &["primary", "_"])
    }

    fn own(&self, kind: EventKind, bus: &dyn Bus) -> Listeners {
        Listeners::on(bus, &self.own, &[kind.as_str()])
    }
}

fn for_the_world(event: &Event, exchange: &Arc<str>) -> Result<Message, String> {
    let message = event.message().map_err(|error| error.to_string())?;
    Ok(Message {
        exchange: exchange.clone(),
        routing_key: message.routing_key,
        cc: message.cc,
        content_type: ContentType::Json,
        body: message.body.into(),
        id: event.id.to_string(),
        replayed: false,
    })
}

fn for_ourselves(event: &Event, exchange: &Arc<str>) -> Message {
    let kind = event.kind().as_str();
    let routing_key = match &event.fact {
        Fact::Task(task) => format!("{kind}.{}.{}", task.status.task_group_id, task.status.task_id),
        Fact::Group(group) => format!("{kind}.{}._", group.task_group_id),
        Fact::Client(_) | Fact::Role(_) => format!("{kind}._._"),
    };
    let cc = match &event.fact {
        Fact::Task(task) => task.routes.iter().map(|route| format!("route.{route}")).collect(),
        _ => Vec::new(),
    };
    Message {
        exchange: exchange.clone(),
        routing_key,
        cc,
        content_type: ContentType::Protobuf,
        body: event.to_proto().into(),
        id: event.id.to_string(),
        replayed: false,
    }
}
