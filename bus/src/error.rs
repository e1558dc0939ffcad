//! Errors of the bus, by what a caller can do about them.

use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the message broker cannot be reached just now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The deadline has passed. The operation may have been carried out.
    #[error("the message broker did not confirm in time")]
    Timeout,
    /// The broker did not respond. The operation may have been carried out.
    #[error("the message broker at {broker} did not answer `{operation}` within {} s", waited.as_secs_f64())]
    Unanswered { broker: String, operation: &'static str, waited: Duration },
    /// A repeat will be refused again.
    #[error("the message broker refused: {0}")]
    Refused(String),
    /// The message cannot be encoded for any broker.
    #[error("the message cannot be sent: {0}")]
    Unsendable(String),
    #[error("the AMQP URL cannot be used: {0}; expected amqp://user:password@host:port/vhost, or amqps://")]
    Url(String),
    #[error("the bus is closed")]
    Closed,
}

impl BusError {
    /// The same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Timeout | Self::Unanswered { .. })
    }

    /// A refusal because of an exchange, a queue or a permission, and not of the message: it ends when an operator
    /// corrects them. RabbitMQ begins its messages with the name of the code.
    pub fn is_about_broker(&self) -> bool {
        let setup = ["NOT_FOUND", "ACCESS_REFUSED", "NOT_ALLOWED", "RESOURCE_LOCKED"];
        matches!(self, Self::Refused(reason) if setup.iter().any(|code| reason.starts_with(code)))
    }
}

/// Why a call has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It has no server, or the broker is down or refused it: it was not started.
    #[error("no server is available for the call")]
    Unavailable,
    /// It is unknown whether the call was carried out.
    #[error("the connection was lost before the response arrived")]
    ConnectionLost,
    /// The call may have been carried out.
    #[error("no response arrived in time")]
    Timeout,
}
