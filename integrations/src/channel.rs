//! A way to deliver notifications of one kind.

use std::time::Duration;

use async_trait::async_trait;
use db::notify::StoredNotification;
use protocol::notify::NotificationKind;

/// Sends notifications of one kind. Each call has a deadline of its own.
#[async_trait]
pub trait Channel: Send + Sync + 'static {
    fn kind(&self) -> NotificationKind;

    /// The shortest time between two notifications to the same destination.
    fn min_gap(&self) -> Duration {
        Duration::ZERO
    }

    /// Delivers one notification. With `is_ambiguous` an earlier attempt may have arrived.
    async fn deliver(&self, notification: &StoredNotification) -> Delivery;
}

/// What came of an attempt. The texts are for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// With the answer.
    Sent(String),
    /// Try this one again, no sooner than it says; others are not affected.
    Retry { reason: String, after: Duration, is_ambiguous: bool },
    /// Another try would be refused as well. `is_hard`: so would anything else to this destination.
    Failed { reason: String, is_hard: bool },
    /// Nothing can be delivered by this channel just now. `after`: how long it asks to be left in peace.
    Unavailable { reason: String, after: Duration, is_ambiguous: bool },
}

impl Delivery {
    /// The notification itself is at fault.
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), is_hard: false }
    }

    pub(crate) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: Duration::ZERO, is_ambiguous: false }
    }

    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into(), after: Duration::ZERO, is_ambiguous: false }
    }

    /// The same, and the notification may have arrived.
    #[must_use]
    pub(crate) fn ambiguous(self) -> Self {
        match self {
            Self::Retry { reason, after, .. } => Self::Retry { reason, after, is_ambiguous: true },
            Self::Unavailable { reason, after, .. } => Self::Unavailable { reason, after, is_ambiguous: true },
            other => other,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sent(_) => "sent",
            Self::Retry { .. } => "retry",
            Self::Failed { .. } => "failed",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}
