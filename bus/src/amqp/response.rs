//! Timeouts: a broker that accepts an operation and does not respond is logged within seconds.

use std::{pin::pin, sync::LazyLock, time::Duration};

use base::telemetry::{Counter, Label};
use tokio::time::timeout;

use super::{connection::Connection, wire::map_error};
use crate::BusError;

/// A response that takes longer than this is logged, while it is still awaited.
pub(super) const LOG_AFTER: Duration = Duration::from_secs(5);
/// After this the operation is abandoned with its channel, and retried on another.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The same for `basic.consume`, for which RabbitMQ needs a minute to report some errors (see `leaderless`).
pub(super) const CONSUME_TIMEOUT: Duration = Duration::from_secs(90);
/// Nothing depends on the response to a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

static UNANSWERED: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Operations without a response of the message broker within 5 s";
    Counter::new("bus", "drover.bus.unanswered", "{operation}", about)
});

impl Connection {
    /// Awaits the response to one operation, which is `about` an exchange or a queue.
    pub(super) async fn response<T>(
        &self,
        operation: &'static str,
        about: &str,
        response: impl Future<Output = Result<T, lapin::Error>>,
    ) -> Result<T, BusError> {
        self.response_within(TIMEOUT, operation, about, response).await
    }

    /// The same for an operation that may take longer.
    pub(super) async fn response_within<T>(
        &self,
        max: Duration,
        operation: &'static str,
        about: &str,
        response: impl Future<Output = Result<T, lapin::Error>>,
    ) -> Result<T, BusError> {
        let mut response = pin!(response);
        if let Ok(result) = timeout(LOG_AFTER, &mut response).await {
            return result.map_err(map_error);
        }
        self.log_unanswered(operation, about);
        match timeout(max.saturating_sub(LOG_AFTER), response).await {
            Ok(result) => {
                self.clear_unanswered();
                result.map_err(map_error)
            }
            Err(_) => Err(self.unanswered(operation, max)),
        }
    }

    /// Without a timeout, but logged if it takes long.
    pub(super) async fn with_warning<T>(
        &self,
        operation: &'static str,
        about: &str,
        response: impl Future<Output = T>,
    ) -> T {
        let mut response = pin!(response);
        if let Ok(result) = timeout(LOG_AFTER, &mut response).await {
            return result;
        }
        self.log_unanswered(operation, about);
        let result = response.await;
        self.clear_unanswered();
        result
    }

    /// Closes a channel, if the broker responds.
    pub(super) async fn close_channel(&self, channel: &lapin::Channel) {
        let closed = timeout(CLOSE_TIMEOUT, channel.close(200, "OK".into())).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::debug!(broker = self.broker(), "channel not closed cleanly");
        }
    }

    fn log_unanswered(&self, operation: &'static str, about: &str) {
        UNANSWERED.add(1, &[Label::new("operation", operation)]);
        self.set_unanswered(operation);
        if !self.may_log(LOG_AFTER) {
            return;
        }
        tracing::error!(
            broker = self.broker(),
            operation,
            about,
            "no response from the message broker for 5 s: it is frozen, overloaded, or out of memory or disk space"
        );
    }
}
