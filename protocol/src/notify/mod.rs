//! Notifications: what is sent to whom, and the checks that no schema can express.
//!
//! Everything that becomes a header, a path or a routing key is checked here, before anything is stored.

mod address;
mod channels;
mod email;
mod route;
mod words;

pub use address::{MAX_ADDRESS, email_address};
pub use channels::{MatrixMessage, PulseMessage, SlackMessage};
pub use email::{Email, Link, Template, is_web_address};
pub use route::{NotifyRoute, transition};
use serde::{Deserialize, Serialize};
pub use words::{Acceptance, NotificationKind, NotificationState};

use crate::error::FieldError;

/// One notification, whatever it is sent by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Notification {
    Email(Email),
    Pulse(PulseMessage),
    Matrix(MatrixMessage),
    Slack(SlackMessage),
}

/// Longest summary, in characters.
const MAX_SUMMARY: usize = 120;

impl Notification {
    pub const fn kind(&self) -> NotificationKind {
        match self {
            Self::Email(_) => NotificationKind::Email,
            Self::Pulse(_) => NotificationKind::Pulse,
            Self::Matrix(_) => NotificationKind::MatrixRoom,
            Self::Slack(_) => NotificationKind::SlackChannel,
        }
    }

    /// Where it goes, as it was given.
    pub fn address(&self) -> &str {
        match self {
            Self::Email(email) => &email.address,
            Self::Pulse(message) => &message.routing_key,
            Self::Matrix(message) => &message.room_id,
            Self::Slack(message) => &message.channel_id,
        }
    }

    /// Whether it can be sent. The error's pointer leads into the body of the request.
    pub fn check(&self) -> Result<(), FieldError> {
        match self {
            Self::Email(email) => email.check(),
            Self::Pulse(message) => message.check(),
            Self::Matrix(message) => message.check(),
            Self::Slack(message) => message.check(),
        }
    }

    /// One short line, for lists and digests.
    pub fn summary(&self) -> String {
        let text = match self {
            Self::Email(email) => &email.subject,
            Self::Pulse(message) => &message.routing_key,
            Self::Matrix(message) => &message.body,
            Self::Slack(message) => &message.text,
        };
        let line = text.lines().next().unwrap_or_default();
        line.chars().filter(|c| !c.is_control()).take(MAX_SUMMARY).collect()
    }

    /// JSON, as it is stored and read again by the kind's own type.
    pub fn content(&self) -> String {
        // Only a map whose keys are no texts can fail, and there is none.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
