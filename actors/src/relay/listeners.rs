//! Who listens, as far as the bus can tell.

use bus::Bus;
use protocol::event::{Event, Fact};

/// The first word of a key that stands for a route of the task.
const ROUTE: &str = "route";

/// Who might get events of one kind that are sent to an exchange just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Listeners {
    Nobody,
    /// Only those who want tasks with certain routes.
    ByRoute,
    /// Somebody who may want any of them.
    OfAll,
}

impl Listeners {
    /// `first_words`: what keys on this exchange begin with when they are no routes.
    pub(super) fn on(bus: &dyn Bus, exchange: &str, first_words: &[&str]) -> Self {
        if first_words.iter().any(|word| bus.may_have_subscribers(exchange, word)) {
            Self::OfAll
        } else if bus.may_have_subscribers(exchange, ROUTE) {
            Self::ByRoute
        } else {
            Self::Nobody
        }
    }

    pub(super) fn want(self, event: &Event) -> bool {
        match self {
            Self::Nobody => false,
            Self::ByRoute => matches!(&event.fact, Fact::Task(task) if !task.routes.is_empty()),
            Self::OfAll => true,
        }
    }
}
