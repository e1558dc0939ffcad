//! Deadlines: a broker that accepts an operation and does not answer it is told of within seconds.

use std::{pin::pin, sync::LazyLock, time::Duration};

use base::telemetry::{Counter, Label};
use tokio::time::timeout;

use super::{link::Link, wire::refused_or_away};
use crate::BusError;

/// An answer that takes longer than this is told of, while it is still waited for.
pub(super) const TOLD_AFTER: Duration = Duration::from_secs(5);
/// An operation that takes longer than this is given up with its channel, and tried again on another.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(15);
/// The same for taking up a queue, whose faults RabbitMQ needs a minute to tell (see `leaderless`).
pub(super) const CONSUME_GIVEN_UP_AFTER: Duration = Duration::from_secs(90);
/// Nothing depends on the answer to these.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

static UNANSWERED: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Operations that the message broker did not answer within 5 s";
    Counter::new("bus", "drover.bus.unanswered", "{operation}", about)
});

impl Link {
    /// The answer of the broker to one operation, which is `about` an exchange or a queue.
    pub(super) async fn answer<T>(
        &self,
        operation: &'static str,
        about: &str,
        answer: impl Future<Output = Result<T, lapin::Error>>,
    ) -> Result<T, BusError> {
        self.answer_within(GIVEN_UP_AFTER, operation, about, answer).await
    }

    /// The same for an operation that may take longer.
    pub(super) async fn answer_within<T>(
        &self,
        most: Duration,
        operation: &'static str,
        about: &str,
        answer: impl Future<Output = Result<T, lapin::Error>>,
    ) -> Result<T, BusError> {
        let mut answer = pin!(answer);
        if let Ok(answered) = timeout(TOLD_AFTER, &mut answer).await {
            return answered.map_err(refused_or_away);
        }
        self.tell_unanswered(operation, about);
        match timeout(most.saturating_sub(TOLD_AFTER), answer).await {
            Ok(answered) => {
                self.answered_at_last();
                answered.map_err(refused_or_away)
            }
            Err(_) => Err(self.unanswered(operation, most)),
        }
    }

    /// Waits as long as the caller does, and tells of it if that takes long.
    pub(super) async fn watched<T>(&self, operation: &'static str, about: &str, answer: impl Future<Output = T>) -> T {
        let mut answer = pin!(answer);
        if let Ok(answered) = timeout(TOLD_AFTER, &mut answer).await {
            return answered;
        }
        self.tell_unanswered(operation, about);
        let answered = answer.await;
        self.answered_at_last();
        answered
    }

    /// Ends a channel in good order, if the broker answers.
    pub(super) async fn close_channel(&self, channel: &lapin::Channel) {
        let closed = timeout(CLOSED_WITHIN, channel.close(200, "OK".into())).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::debug!(broker = self.broker(), "a channel was not closed in good order");
        }
    }

    fn tell_unanswered(&self, operation: &'static str, about: &str) {
        UNANSWERED.add(1, &[Label::new("operation", operation)]);
        self.note_unanswered(operation);
        if !self.may_tell(TOLD_AFTER) {
            return;
        }
        tracing::error!(
            broker = self.broker(),
            operation,
            about,
            "the message broker accepts operations and has not answered this one for 5 s: it is frozen, overloaded, or out of \
             memory or disk space"
        );
    }
}
