//! What can go wrong on the bus, sorted by what a caller can do about it.

/// A call that failed. The words are for the user, the cause is in `source`.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the message broker cannot be reached just now")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The deadline is over. Late does not mean undone.
    #[error("the message broker did not confirm in time")]
    Late,
    /// A repeat will be refused again.
    #[error("the message broker refused: {0}")]
    Refused(String),
    #[error("the AMQP URL cannot be used: {0}; expected amqp://user:password@host:port/vhost, or amqps://")]
    Url(String),
    #[error("the bus is closed")]
    Closed,
}

impl BusError {
    /// The same call may well succeed in a moment.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Late)
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
