//! A step that finds a table locked gives up soon and is retried: a waiting lock request blocks all later ones, readers too.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::VersionError;
use super::session::Session;

/// How long a step waits for one lock.
pub(super) const LOCK_TIMEOUT: &str = "1500ms";
/// Between two tries everybody else gets on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// A table that is in use for longer is somebody's forgotten transaction.
const MAX_WAIT: Duration = Duration::from_mins(10);

/// The tries of one step.
pub(super) struct Busy {
    begun: Instant,
    pause: Duration,
}

impl Default for Busy {
    fn default() -> Self {
        Self { begun: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Busy {
    /// Whether the step failed for a lock only, and is worth another try.
    pub(super) fn may_pass(&self, error: &VersionError) -> bool {
        error.is_locked() && self.begun.elapsed() < MAX_WAIT
    }

    /// Says who may be in the way, and gives them time.
    pub(super) async fn pause(&mut self, session: &mut Session, what: &str, progress: &mut (impl FnMut(&str) + Send)) {
        // Best effort: the step waits whether or not the transaction is known.
        let oldest = session.oldest_transaction().await.ok().flatten();
        let by = oldest.map(|oldest| format!("; the oldest transaction is of {oldest}")).unwrap_or_default();
        progress(&format!("{what}: a table is in use, trying again in {} s{by}", self.pause.as_secs()));
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}
