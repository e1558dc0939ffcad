//! Which events are read from the outbox.

use protocol::event::EventKind;

/// The kinds of events that a queue may be bound for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct EventFilter {
    pub all_of: Vec<EventKind>,
    /// Only of tasks with routes.
    pub by_route: Vec<EventKind>,
}

impl EventFilter {
    pub fn everything() -> Self {
        Self { all_of: EventKind::ALL.into(), by_route: Vec::new() }
    }

    pub fn is_everything(&self) -> bool {
        self.all_of.len() == EventKind::ALL.len()
    }

    pub fn is_nothing(&self) -> bool {
        self.all_of.is_empty() && self.by_route.is_empty()
    }
}
