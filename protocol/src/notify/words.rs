//! Kinds and states, with their numbers in the database.

use crate::state::words;

words! {
    /// What a notification is sent by.
    NotificationKind {
        Email = 0 "email",
        Pulse = 1 "pulse",
        MatrixRoom = 2 "matrix-room",
        SlackChannel = 3 "slack-channel",
    }
}

words! {
    /// What became of a notification.
    NotificationState {
        /// To be delivered.
        Pending = 0 "pending",
        Sent = 1 "sent",
        /// Given up, with the last answer as the reason.
        Failed = 2 "failed",
        /// Never to be delivered; the reason says why.
        Suppressed = 3 "suppressed",
    }
}

words! {
    /// What the database says to a new notification.
    Acceptance {
        Stored = 0 "stored",
        /// The same was accepted in the last minutes, or for the same event and route.
        Duplicate = 1 "duplicate",
        /// The address is on the deny list.
        Denied = 2 "denied",
        /// It is counted in the digest that ends the window.
        RateLimited = 3 "rate-limited",
    }
}

impl NotificationKind {
    /// The same for addresses that only differ in the case of letters where that does not matter: limits and the deny list
    /// hold for all of them.
    pub fn destination(self, address: &str) -> String {
        match self {
            Self::Email => address.to_ascii_lowercase(),
            Self::Pulse | Self::MatrixRoom | Self::SlackChannel => address.to_owned(),
        }
    }
}
