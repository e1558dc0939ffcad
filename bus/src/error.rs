//! What can go wrong on the bus, sorted by what a caller can do about it.

use std::time::Duration;

/// A call that failed. The words are for the user, the cause is in `source`.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the message broker cannot be reached just now")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The deadline is over. Late does not mean undone.
    #[error("the message broker did not confirm in time")]
    Late,
    /// The broker took the operation and did not answer it. That does not mean undone.
    #[error("the message broker at {broker} did not answer `{operation}` within {} s", waited.as_secs_f64())]
    Unanswered { broker: String, operation: &'static str, waited: Duration },
    /// A repeat will be refused again.
    #[error("the message broker refused: {0}")]
    Refused(String),
    /// No broker could take this message, whatever its state.
    #[error("the message cannot be sent: {0}")]
    Unsendable(String),
    #[error("the AMQP URL cannot be used: {0}; expected amqp://user:password@host:port/vhost, or amqps://")]
    Url(String),
    #[error("the bus is closed")]
    Closed,
}

impl BusError {
    /// The same call may well succeed in a moment.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Late | Self::Unanswered { .. })
    }

    /// A refusal that is about an exchange, a queue or a permission, and not about the message: it ends when an operator
    /// mends them. RabbitMQ begins its words with the name of the code.
    pub fn is_about_broker(&self) -> bool {
        let setup = ["NOT_FOUND", "ACCESS_REFUSED", "NOT_ALLOWED", "RESOURCE_LOCKED"];
        matches!(self, Self::Refused(reason) if setup.iter().any(|code| reason.starts_with(code)))
    }
}

/// Why a call brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// Nobody serves it, the broker is away or refused it: it was not begun.
    #[error("nobody is there to answer")]
    Down,
    /// The way of the answer broke. Nobody knows whether the call was carried out.
    #[error("the connection broke before the answer came")]
    Lost,
    /// No answer within the deadline. Late does not mean undone.
    #[error("no answer came in time")]
    Late,
}
