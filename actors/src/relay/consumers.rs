//! Who consumes events, as far as the bus can tell.

use bus::Bus;
use protocol::event::{Event, EventPayload};

/// The first word of a key that stands for a route of the task.
const ROUTE: &str = "route";

/// Who might get events of one kind that are published to an exchange just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Consumers {
    None,
    /// Only queues that are bound to routes of tasks.
    ByRoute,
    /// A queue that may get any of them.
    All,
}

impl Consumers {
    /// `first_words`: what routing keys on this exchange begin with when they are no routes.
    pub(super) fn of(bus: &dyn Bus, exchange: &str, first_words: &[&str]) -> Self {
        if first_words.iter().any(|word| bus.may_have_subscribers(exchange, word)) {
            Self::All
        } else if bus.may_have_subscribers(exchange, ROUTE) {
            Self::ByRoute
        } else {
            Self::None
        }
    }

    pub(super) fn want(self, event: &Event) -> bool {
        match self {
            Self::None => false,
            Self::ByRoute => match &event.payload {
                EventPayload::Task(task) => !task.routes.is_empty(),
                EventPayload::Service(event) => !event.cc.is_empty(),
                _ => false,
            },
            Self::All => true,
        }
    }
}
