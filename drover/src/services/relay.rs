//! The relay: events from the outbox to the bus.

use actors::{
    kit::{Child, Notifier},
    relay::RelaySettings,
};

use base::settings::Section;

use super::{notifications::publisher, roles};
use crate::service::{Actors, Children, Context, Role, Service};

pub(super) struct Relay;

impl Service for Relay {
    fn name(&self) -> &'static str {
        roles::RELAY
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<RelaySettings>("relay"))
    }

    fn roles(&self) -> &'static [Role] {
        // Events of a bus in memory stay inside of the relay's process, so the index must be there too.
        const ROLES: &[Role] = &[Role::new(roles::RELAY, "publishes events from the outbox to the bus")
            .brings_without_broker(&[roles::INDEX])];
        ROLES
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[roles::RELAY], |context| Ok(Children::none().actor(here(context).actor)))];
        ACTORS
    }
}

/// The relay of this process.
#[derive(Clone)]
struct Here {
    actor: Child,
    notify: Notifier,
}

fn here(context: &Context) -> Here {
    context.shared(|context| {
        let Context { db, bus, clock, exchange_names, rng, .. } = context;
        let (actor, notify) = actors::relay::start(
            db.clone(),
            bus.clone(),
            clock.clone(),
            exchange_names,
            context.settings::<RelaySettings>().clone(),
            rng.branch("relay"),
        );
        Here { actor, notify }
    })
}

/// Says to the relay of this process, if there is one, that events were written.
pub(super) fn notify_here(context: &Context) -> Notifier {
    if context.runs(roles::RELAY) { here(context).notify } else { Notifier::none() }
}

/// Says to every relay that events were written; to be given after a commit.
pub fn notify(context: &Context) -> Notifier {
    notify_here(context).and(&publisher::remote(context).relay)
}
