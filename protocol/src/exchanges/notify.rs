//! The exchange of notify.

use super::{ExchangeDeclaration, KeyField, ServiceExchanges};

/// The exchange of notify, with its documentation.
pub const SERVICE: ServiceExchanges = ServiceExchanges {
    service: "notify",
    title: "Notifications",
    description: "Messages that somebody asked notify to publish, or that a task has a route for.",
    exchanges: EXCHANGES,
};

/// Where such messages are published.
pub const NOTIFICATION: &ExchangeDeclaration = &EXCHANGES[0];

/// Longest topic, in bytes.
const MAX_TOPIC: usize = 100;

const EXCHANGES: &[ExchangeDeclaration] = &[ExchangeDeclaration {
    service: "notify",
    name: "notification",
    client_name: "notify",
    title: "Notification",
    description: "Whatever a client with the scopes for the topic had published, or the status of a task with a route for it.",
    key: &[
        KeyField::primary(),
        KeyField {
            multiple_words: true,
            ..KeyField::required("topic", MAX_TOPIC, "The routing key that was asked for.")
        },
    ],
    schema: "notification-message",
    cc: true,
}];
