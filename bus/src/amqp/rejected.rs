//! Messages without a valid signature: each is counted, and they are logged at intervals.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use base::telemetry::{Counter, Label};
use tokio::time::Instant;

use crate::signature::SignatureError;

/// An attacker could flood the log otherwise.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

static REJECTED: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Internal messages without a valid signature";
    Counter::new("bus", "drover.bus.error", "{message}", about)
});

/// When they were last logged, and their number since.
#[derive(Default)]
pub(super) struct RejectedMessages(Mutex<(Option<Instant>, u64)>);

impl RejectedMessages {
    /// `queue`: where it was received.
    pub(super) fn record(&self, queue: &str, error: SignatureError) {
        REJECTED.add(1, &[Label::new("reason", error.as_str())]);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 += 1;
        if state.0.is_some_and(|last| last.elapsed() < LOG_INTERVAL) {
            return;
        }
        tracing::error!(
            queue,
            reason = error.as_str(),
            messages = state.1,
            "messages without a valid signature rejected: somebody else may publish on this broker, or processes differ in \
             the setting auth.queue_access_token (see bus/README.md)"
        );
        *state = (Some(Instant::now()), 0);
    }
}
