//! Which events are worth reading.

use protocol::event::EventKind;

/// The kinds of events that somebody may be listening to.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub all_of: Vec<EventKind>,
    /// Only of tasks with routes.
    pub by_route: Vec<EventKind>,
}

impl Wanted {
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
