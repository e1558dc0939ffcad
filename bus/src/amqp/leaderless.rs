//! Quorum queues without a leader: they can be declared, but not consumed from.
//!
//! RabbitMQ 3.10 can bring one back like that which was declared moments before the broker was killed. Publishes that reach it
//! are refused or never confirmed, and its messages are lost. A cluster that lost most of its nodes looks the same for as long
//! as they are down, and there deleting the queue would lose messages: so it is only logged, and an operator has to
//! decide.

use std::sync::LazyLock;

use base::telemetry::{Counter, Label};
use lapin::{
    Error, ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError},
};

static SEEN: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Times that a queue of a consumer could be declared, but not consumed from";
    Counter::new("bus", "drover.bus.leaderless", "{time}", about)
});

/// The internal error that RabbitMQ reports for such a queue.
pub(super) fn is_leaderless(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(refusal)
        if matches!(refusal.kind(), AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR)))
}

/// Called each time, which is about once a minute: that is how long the broker takes to respond.
pub(super) fn record(queue: &str) {
    SEEN.add(1, &[Label::new("queue", queue.to_owned())]);
    tracing::error!(
        queue,
        "the broker cannot serve a queue that exists: it has no leader, and events that should reach it are not confirmed. \
         If all nodes of the broker run, delete it with `rabbitmqctl delete_queue {queue}`; it is declared anew at once, and \
         `drover bus replay --since EVENT_ID --to {queue}` fills it again"
    );
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    #[test]
    fn only_an_internal_error_of_the_broker_counts() {
        let hard = |kind| Error::from(ErrorKind::ProtocolError(AMQPError::new(AMQPErrorKind::Hard(kind), "x".into())));
        assert!(is_leaderless(&hard(AMQPHardError::INTERNALERROR)));
        assert!(!is_leaderless(&hard(AMQPHardError::CONNECTIONFORCED)), "a broker that shuts down");
        let soft = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
        assert!(!is_leaderless(&Error::from(ErrorKind::ProtocolError(AMQPError::new(soft, "x".into())))));
    }
}
