//! Worker pools: as requests give them, and as they are read.

use chrono::TimeDelta;
use db::worker_manager::{NewPool, PoolRow, WorkerCounts};
use protocol::{id::TaskQueueId, time::Timestamp};
use serde_json::{Map, Value};

use super::{
    Result, WorkerManager, WorkerManagerError,
    config::{self, SplitConfig},
};
use crate::kit::{Page, PageAfter};

/// A pool as it is to be.
#[derive(Debug, Clone)]
pub struct PoolRequest {
    pub worker_pool_id: TaskQueueId,
    pub provider_id: String,
    pub description: String,
    pub owner: String,
    pub email_on_error: bool,
    pub config: Map<String, Value>,
}

/// A pool as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    pub worker_pool_id: TaskQueueId,
    pub provider_id: String,
    pub description: String,
    pub owner: String,
    pub email_on_error: bool,
    pub config: Value,
    pub created: Timestamp,
    pub last_modified: Timestamp,
    pub counts: WorkerCounts,
}

impl WorkerManager {
    /// One pool.
    pub async fn pool(&self, id: &TaskQueueId) -> Result<Pool> {
        Pool::read(self.pool_row(id).await?)
    }

    /// All pools, in order of their ids. One that cannot be read is left out.
    pub async fn list_pools(&self, page: PageAfter<String>) -> Result<Page<Pool, String>> {
        let rows = self.db.worker_pools(page.after.as_deref(), page.rows()).await?;
        let page = Page::cut(rows, page.limit, |row| row.worker_pool_id.0.clone());
        let read = |row: PoolRow| {
            let id = row.worker_pool_id.clone();
            let logged = |error: WorkerManagerError| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(worker_pool.id = %id, error, "a worker pool cannot be read and is left out");
            };
            Pool::read(row).map_err(logged).ok()
        };
        Ok(Page { rows: page.rows.into_iter().filter_map(read).collect(), next: page.next })
    }

    pub(super) async fn pool_row(&self, id: &TaskQueueId) -> Result<PoolRow> {
        self.db.worker_pool(id).await?.ok_or_else(|| WorkerManagerError::NoSuchPool(id.0.clone()))
    }

    /// A pool as it is stored. The checks that the schema of the body cannot do.
    pub(super) fn new_pool(&self, request: PoolRequest, now: Timestamp) -> Result<NewPool> {
        let PoolRequest { worker_pool_id, provider_id, description, owner, email_on_error, config } = request;
        // It becomes a header of an e-mail.
        if owner.chars().any(char::is_control) {
            return Err(WorkerManagerError::field("owner", "be an e-mail address", format!("{owner:?}")));
        }
        let Some(provider) = self.providers.find(&provider_id) else {
            return Err(WorkerManagerError::UnknownProvider(provider_id));
        };
        let split = config::split(provider.provider_type(), config)?;
        let SplitConfig { config, min_capacity, max_capacity, scaling_ratio, launch_configs } = split;
        let provision_at = provider.provider_type().is_dynamic().then_some(now);
        Ok(NewPool {
            worker_pool_id,
            provider_id,
            description,
            owner,
            email_on_error,
            config,
            min_capacity,
            max_capacity,
            scaling_ratio,
            provision_at,
            launch_configs,
        })
    }
}

impl Pool {
    pub(super) fn read(row: PoolRow) -> Result<Self> {
        Ok(Self {
            config: config::join(&row.config, &row.launch_configs)?,
            worker_pool_id: row.worker_pool_id,
            provider_id: row.provider_id,
            description: row.description,
            owner: row.owner,
            email_on_error: row.email_on_error,
            created: row.created,
            last_modified: row.last_modified,
            counts: row.counts,
        })
    }
}

/// For how long credentials last where the pool says nothing.
const REREGISTRATION_TIMEOUT: i64 = 345_600;
/// Certificates last at most 31 days, and begin before now.
const LONGEST_REREGISTRATION_TIMEOUT: i64 = 2_592_000;

/// How long the credentials of a worker with this lifecycle last.
pub(super) fn reregistration_timeout(lifecycle: &Value) -> TimeDelta {
    let seconds = lifecycle.get("reregistrationTimeout").and_then(Value::as_i64).unwrap_or(REREGISTRATION_TIMEOUT);
    TimeDelta::seconds(seconds.clamp(0, LONGEST_REREGISTRATION_TIMEOUT))
}
