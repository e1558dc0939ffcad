//! Which messages an event becomes, and where they are published.

use std::{collections::HashMap, sync::Arc};

use bus::{Bus, BusError, ContentType, Exchange, Message};
use db::outbox::EventFilter;
use protocol::{
    event::{Event, EventKind, EventPayload},
    exchanges::{self, ExchangeDeclaration, ExchangeNames},
};

use super::{RelaySettings, consumers::Consumers};

/// The exchanges by their full names, and what is published to them.
#[derive(Debug)]
pub struct Exchanges {
    /// The external (Pulse) ones, by service and name: JSON exactly as Taskcluster publishes it.
    external: HashMap<(&'static str, &'static str), Arc<str>>,
    /// The internal one: every event as protobuf, under `<kind>.<task group id>.<task id>`, `_` for what the event is
    /// not about, and under the routes of its task.
    internal: Arc<str>,
}

/// What becomes of a batch of events.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) messages: Vec<Message>,
    /// Events that can never become an external message, each with the reason.
    pub(super) unsendable: Vec<(i64, String)>,
}

impl Exchanges {
    pub fn new(names: &ExchangeNames, settings: &RelaySettings) -> Self {
        let exchange = |it: &'static ExchangeDeclaration| ((it.service, it.name), Arc::from(names.name(it)));
        Self {
            external: exchanges::all().map(exchange).collect(),
            internal: settings.internal_exchange.as_str().into(),
        }
    }

    pub async fn declare(&self, bus: &dyn Bus) -> Result<(), BusError> {
        for name in self.external.values().chain([&self.internal]) {
            bus.declare(Exchange::topic(name)).await?;
        }
        Ok(())
    }

    /// The full name of an external exchange, from its short one like `task-pending`; any other name is a full one.
    pub fn full_name<'a>(&'a self, name: &'a str) -> &'a str {
        let short = self.external.iter().find(|((_, short), _)| *short == name);
        short.map_or(name, |(_, full)| full)
    }

    /// The internal exchange.
    pub fn internal(&self) -> &str {
        &self.internal
    }

    /// All external exchanges.
    pub fn external(&self) -> impl Iterator<Item = &str> {
        self.external.values().map(|name| &**name)
    }

    /// The external and the internal message of an event.
    pub fn messages_of(&self, event: &Event) -> impl Iterator<Item = Message> + use<> {
        self.external_message(event).into_iter().chain([internal_message(event, &self.internal)])
    }

    /// The external message of an event. `None`, with an error in the log: there can be none.
    pub fn external_message(&self, event: &Event) -> Option<Message> {
        self.try_external_message(event)
            .inspect_err(|error| {
                let kind = event.kind().as_str();
                tracing::error!(event.id, event.kind = kind, error, "event cannot become an external message");
            })
            .ok()
    }

    /// Which events anybody might consume just now.
    pub(super) fn wanted(&self, bus: &dyn Bus) -> EventFilter {
        let mut wanted = EventFilter::default();
        for kind in EventKind::ALL {
            match self.external_consumers(kind, bus).max(self.internal_consumers(kind, bus)) {
                Consumers::None => {}
                Consumers::ByRoute => wanted.by_route.push(kind),
                Consumers::All => wanted.all_of.push(kind),
            }
        }
        wanted
    }

    /// What is to be published, in order.
    pub(super) fn messages(&self, events: &[Event], bus: &dyn Bus) -> Outgoing {
        let of_kind = |kind| (kind, (self.external_consumers(kind, bus), self.internal_consumers(kind, bus)));
        let consumers: HashMap<EventKind, (Consumers, Consumers)> = EventKind::ALL.into_iter().map(of_kind).collect();
        let mut outgoing = Outgoing { messages: Vec::with_capacity(events.len() * 2), unsendable: Vec::new() };
        for event in events {
            let (external, internal) = consumers[&event.kind()];
            if external.want(event) {
                match self.try_external_message(event) {
                    Ok(message) => outgoing.messages.push(message),
                    Err(error) => outgoing.unsendable.push((event.id, error)),
                }
            }
            if internal.want(event) {
                outgoing.messages.push(internal_message(event, &self.internal));
            }
        }
        outgoing
    }

    fn try_external_message(&self, event: &Event) -> Result<Message, String> {
        let message = event.message().map_err(|error| error.to_string())?;
        Ok(Message {
            exchange: self.full(message.exchange).clone(),
            routing_key: message.routing_key,
            cc: message.cc,
            content_type: ContentType::Json,
            body: message.body.into(),
            id: event.id.to_string(),
            replayed: false,
        })
    }

    fn full(&self, exchange: &ExchangeDeclaration) -> &Arc<str> {
        &self.external[&(exchange.service, exchange.name)]
    }

    /// A kind without an exchange of its own is wanted as much as the most wanted exchange of its events.
    fn external_consumers(&self, kind: EventKind, bus: &dyn Bus) -> Consumers {
        let of = |exchange| Consumers::of(bus, self.full(exchange), &["primary", "_"]);
        match exchanges::of(kind) {
            Some(exchange) => of(exchange),
            None => exchanges::of_service_events().map(of).max().unwrap_or(Consumers::None),
        }
    }

    fn internal_consumers(&self, kind: EventKind, bus: &dyn Bus) -> Consumers {
        Consumers::of(bus, &self.internal, &[kind.as_str()])
    }
}

fn internal_message(event: &Event, exchange: &Arc<str>) -> Message {
    let kind = event.kind().as_str();
    let routing_key = match &event.payload {
        EventPayload::Task(task) => format!("{kind}.{}.{}", task.status.task_group_id, task.status.task_id),
        EventPayload::Group(group) => format!("{kind}.{}._", group.task_group_id),
        EventPayload::Client(_) | EventPayload::Role(_) => format!("{kind}._._"),
        EventPayload::Service(event) => format!("{kind}.{}.{}", event.service, event.exchange),
    };
    let cc = match &event.payload {
        EventPayload::Task(task) => task.routes.iter().map(|route| format!("route.{route}")).collect(),
        EventPayload::Service(event) => event.cc.clone(),
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
