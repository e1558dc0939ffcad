//! Groups of cancelled builds are sealed and cancelled. Marked in one transaction and done in another, so that no lock of a
//! group that is being created is waited for; a process that dies in between leaves the mark.

use std::time::Duration;

use super::{Github, GithubError, Result};
use crate::kit::{Child, Next, Periodic, Schedule};

/// Groups of one look.
const ROWS: i32 = 100;
const POLL: Duration = Duration::from_secs(1);

/// Cancels groups that are marked. Several processes may run one.
struct Canceller(Github);

impl Github {
    /// The actor, to be supervised.
    pub fn canceller(&self) -> Child {
        let github = self.clone();
        let schedule = Schedule::every(POLL, self.0.rng.branch("cancel"));
        schedule.child("github/cancel", move |_| Canceller(github.clone())).0
    }

    /// Seals and cancels the groups of builds that are marked; how many.
    pub async fn cancel_marked(&self) -> Result<usize> {
        let (db, clock) = (&self.0.db, &self.0.clock);
        let groups = db.github_marked_groups(ROWS).await?;
        for group in &groups {
            let trace = base::telemetry::traceparent();
            db.seal_task_group(*group, trace.as_deref(), clock.now()).await?;
            db.cancel_task_group(*group, trace.as_deref(), clock.now()).await?;
            db.github_unmark_group(*group).await?;
            tracing::info!(task_group.id = %group, "task group of a build cancelled");
        }
        if !groups.is_empty() {
            self.0.notifications.tasks_resolved(&[]);
        }
        Ok(groups.len())
    }
}

impl Periodic for Canceller {
    type Error = GithubError;

    async fn run(&mut self) -> Result<Next> {
        Ok(if self.0.cancel_marked().await? > 0 { Next::DONE } else { Next::IDLE })
    }
}
