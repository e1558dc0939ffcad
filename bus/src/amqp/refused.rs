//! Messages that nobody of this installation has sent: counted each, told of now and then.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use base::telemetry::{Counter, Label};
use tokio::time::Instant;

use crate::signature::Forged;

/// Whoever can send one can send many.
const TOLD_EVERY: Duration = Duration::from_secs(10);

static REFUSED: LazyLock<Counter> = LazyLock::new(|| {
    let about = "Messages for Drover's own processes that none of them has sent";
    Counter::new("bus", "drover.bus.forged", "{message}", about)
});

/// When it was told of last, and how many have come since.
#[derive(Default)]
pub(super) struct Refused(Mutex<(Option<Instant>, u64)>);

impl Refused {
    /// `queue`: where it came.
    pub(super) fn tell(&self, queue: &str, forged: Forged) {
        REFUSED.add(1, &[Label::new("reason", forged.as_str())]);
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.1 += 1;
        if told.0.is_some_and(|last| last.elapsed() < TOLD_EVERY) {
            return;
        }
        tracing::error!(
            queue,
            reason = forged.as_str(),
            messages = told.1,
            "messages for Drover's own processes were refused: somebody else may publish on this broker, or processes differ in \
             the setting auth.queue_access_token (see bus/README.md)"
        );
        *told = (Some(Instant::now()), 0);
    }
}
