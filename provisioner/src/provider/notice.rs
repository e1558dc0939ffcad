//! What a provider says of its own accord.

use chrono::{DateTime, Utc};

use super::MachineId;
use crate::decision::Market;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub region: String,
    pub machine: MachineId,
    pub kind: NoticeKind,
    /// By the provider's clock.
    pub at: DateTime<Utc>,
    /// Handed back to [`super::Provider::notices_handled`].
    pub receipt: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The machine's state changed: look at it now.
    StateChanged,
    /// The provider takes the machine back shortly.
    Interruption,
    /// The provider thinks that it may take the machine back.
    Rebalance,
}

/// What one machine of a kind costs now.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    pub instance_type: String,
    pub market: Market,
    /// US dollars an hour.
    pub hourly: f64,
    pub at: DateTime<Utc>,
}
