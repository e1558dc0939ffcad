//! When a periodic actor runs again.

use std::time::Duration;

/// What a run came to, and with it when the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    pub(super) idle: bool,
    /// No run begins before; notifications that come meanwhile are kept.
    pub(super) pause: Duration,
    pub(super) wait: Wait,
}

/// For what a periodic actor waits after the pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Nothing,
    /// A notification, or the actor's own interval.
    Interval,
    /// A notification, or this long.
    AtMost(Duration),
    Notification,
}

impl Next {
    /// There was nothing to do. The next run begins at the interval, or when the actor is notified.
    pub const IDLE: Self = Self { idle: true, pause: Duration::ZERO, wait: Wait::Interval };
    /// Something was done, and no more is left. The next run begins at the interval, or when the actor is notified.
    pub const DONE: Self = Self { idle: false, ..Self::IDLE };
    /// Something was done, and more may be left: the next run begins at once.
    pub const AGAIN: Self = Self { wait: Wait::Nothing, ..Self::DONE };

    /// The next run begins after exactly this time, whether the actor is notified or not.
    #[must_use]
    pub const fn after(self, pause: Duration) -> Self {
        Self { pause, wait: Wait::Nothing, ..self }
    }

    /// The next run begins no sooner than this, whether the actor is notified or not.
    #[must_use]
    pub const fn pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Another interval than the actor's own, for this once.
    #[must_use]
    pub const fn within(self, interval: Duration) -> Self {
        Self { wait: Wait::AtMost(interval), ..self }
    }

    /// The next run begins only when the actor is notified.
    #[must_use]
    pub const fn when_notified(self) -> Self {
        Self { wait: Wait::Notification, ..self }
    }
}
