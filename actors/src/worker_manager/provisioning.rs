//! What the provisioner does with a worker pool, for people: its state, its decisions and launches, and pauses.

use chrono::TimeDelta;
use db::provisioner::{DecisionRow, LaunchHistoryRow, LaunchKey, ProvisionStatus};
use protocol::{id::TaskQueueId, time::Timestamp};

use super::{Result, WorkerManager, WorkerManagerError};
use crate::kit::{Page, PageAfter};

/// A pause without an end.
const UNTIL_RESUMED: TimeDelta = TimeDelta::days(36_500);

/// What is to be paused, or resumed.
#[derive(Debug, Clone)]
pub struct PauseRequest {
    pub worker_pool_id: TaskQueueId,
    /// `None`: the whole pool.
    pub launch_config_id: Option<String>,
    /// `None`: until it is resumed.
    pub until: Option<Timestamp>,
    pub reason: String,
}

impl WorkerManager {
    /// The state of a pool, as its next decision sees it.
    pub async fn provisioning(&self, pool: &TaskQueueId) -> Result<ProvisionStatus> {
        let status = self.db.provision_status(&pool.0, self.clock.now()).await?;
        status.ok_or_else(|| WorkerManagerError::NoSuchPool(pool.0.clone()))
    }

    /// Decisions about a pool that were kept, up to a time, newest first.
    pub async fn decisions(
        &self,
        pool: &TaskQueueId,
        until: Option<Timestamp>,
        page: PageAfter<Timestamp>,
    ) -> Result<Page<DecisionRow, Timestamp>> {
        let until = until.unwrap_or_else(|| self.clock.now());
        // Times have milliseconds, and a pool one decision at a time.
        let before = page.after.map_or(until, |after| until.min(after - TimeDelta::milliseconds(1)));
        let rows = self.db.provision_decisions(&pool.0, before, page.rows()).await?;
        Ok(Page::cut(rows, page.limit, |row| row.at))
    }

    /// Launches of a pool, newest first.
    pub async fn launches(
        &self,
        pool: &TaskQueueId,
        page: PageAfter<LaunchKey>,
    ) -> Result<Page<LaunchHistoryRow, LaunchKey>> {
        let rows = self.db.launches_of_pool(&pool.0, page.after.as_ref(), page.rows()).await?;
        Ok(Page::cut(rows, page.limit, |row| (row.created, row.launch_id)))
    }

    /// Launches nothing for a pool, or with one of its launch configs, until then. `by`: the client, for the history. Another
    /// pause takes the place of an earlier one.
    pub async fn pause(&self, request: &PauseRequest, by: &str) -> Result<()> {
        let now = self.clock.now();
        if let Some(until) = request.until.filter(|until| *until <= now) {
            return Err(WorkerManagerError::field("until", "be in the future", protocol::time::format(until)));
        }
        let until = request.until.unwrap_or(now + UNTIL_RESUMED);
        self.set_pause(request, Some(until), Some(&request.reason), by).await
    }

    /// Ends a pause. Safe to repeat.
    pub async fn resume(&self, pool: TaskQueueId, launch_config_id: Option<String>, by: &str) -> Result<()> {
        let request = PauseRequest { worker_pool_id: pool, launch_config_id, until: None, reason: String::new() };
        self.set_pause(&request, None, None, by).await
    }

    async fn set_pause(
        &self,
        request: &PauseRequest,
        until: Option<Timestamp>,
        reason: Option<&str>,
        by: &str,
    ) -> Result<()> {
        let (pool, config, now) = (&request.worker_pool_id.0, request.launch_config_id.as_deref(), self.clock.now());
        let found = self.db.provision_pause(pool, config, until, reason, by, now).await?;
        if found {
            self.changed();
            return Ok(());
        }
        Err(match config {
            Some(config) => WorkerManagerError::NoSuchLaunchConfig(format!("{pool}/{config}")),
            None => WorkerManagerError::NoSuchPool(pool.clone()),
        })
    }
}
