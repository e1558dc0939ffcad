//! A quorum queue that can be declared and serves nobody.
//!
//! RabbitMQ 3.10 can bring one back like that which was declared moments before the broker was killed. Publishes that reach it
//! are refused or never confirmed, and what was in it is gone. A cluster that lost most of its nodes looks the same for as long
//! as they are away, and there deleting the queue would lose messages: so it is told of, and left to somebody who can tell
//! the difference.

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

/// Whether the broker failed at what it does with every queue that works.
pub(super) fn is_it(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(refusal)
        if matches!(refusal.kind(), AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR)))
}

/// Called each time: the broker takes about a minute for an answer.
pub(super) fn tell(queue: &str) {
    SEEN.add(1, &[Label::new("queue", queue.to_owned())]);
    tracing::error!(
        queue,
        "the broker cannot serve a queue that is there: it has no leader, and events that should reach it are not confirmed. \
         If all nodes of the broker run, delete it with `rabbitmqctl delete_queue {queue}`; it is declared anew at once, and \
         `drover bus replay --since EVENT_ID --to {queue}` fills it again"
    );
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    #[test]
    fn only_a_fault_inside_the_broker_counts() {
        let hard = |kind| Error::from(ErrorKind::ProtocolError(AMQPError::new(AMQPErrorKind::Hard(kind), "x".into())));
        assert!(is_it(&hard(AMQPHardError::INTERNALERROR)));
        assert!(!is_it(&hard(AMQPHardError::CONNECTIONFORCED)), "a broker that goes down in good order");
        let soft = AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND);
        assert!(!is_it(&Error::from(ErrorKind::ProtocolError(AMQPError::new(soft, "x".into())))));
    }
}
