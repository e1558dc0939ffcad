//! Worker pools: `worker_pool_create`, `worker_pool_update`, `worker_pool_delete`, `worker_pools_get`, `expire_worker_manager`.

use protocol::{id::TaskQueueId, time::Timestamp};
use sqlx::{
    FromRow, PgConnection, PgExecutor, Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::{NULL_PROVIDER, WorkerCounts};
use crate::{Db, DbError, Rows, provisioner::ProvisionStatus};

/// A pool as it is to be stored.
#[derive(Debug, Clone)]
pub struct NewPool {
    pub worker_pool_id: TaskQueueId,
    pub provider_id: String,
    pub description: String,
    pub owner: String,
    pub email_on_error: bool,
    /// Canonical JSON without `launchConfigs`.
    pub config: String,
    /// What limits a pool whose machines are launched.
    pub min_capacity: Option<i32>,
    pub max_capacity: Option<i32>,
    pub scaling_ratio: Option<f64>,
    /// When the provisioner decides about it next; `None`: never.
    pub provision_at: Option<Timestamp>,
    pub launch_configs: Vec<NewLaunchConfig>,
}

/// A launch config as it is to be stored.
#[derive(Debug, Clone)]
pub struct NewLaunchConfig {
    /// Canonical JSON without `workerManager`.
    pub configuration: String,
    /// Canonical JSON of `workerManager`; `null` where there is none.
    pub worker_manager: String,
    pub capacity_per_instance: i32,
    pub initial_weight: f64,
    pub max_capacity: Option<i32>,
}

/// What became of a pool that was to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolCreated {
    /// By this call.
    Now,
    /// It was there before, with the same values.
    Before,
    /// It was there before, with other values.
    Differs,
    /// The id of a launch config stands for another content.
    LaunchConfigDiffers(String),
}

/// What became of a pool that was to be updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PoolUpdated {
    Done,
    NoSuchPool,
    /// The id of a launch config stands for another content.
    LaunchConfigDiffers(String),
}

/// What a pool would be.
#[derive(Debug, Clone)]
pub struct PoolPlan {
    pub pool: PoolRow,
    /// What the next decision would be made from.
    pub status: ProvisionStatus,
}

/// A stored pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRow {
    pub worker_pool_id: TaskQueueId,
    pub provider_id: String,
    pub previous_provider_ids: Vec<String>,
    pub description: String,
    pub owner: String,
    pub email_on_error: bool,
    pub config: String,
    pub created: Timestamp,
    pub last_modified: Timestamp,
    /// Configuration and `workerManager` of each launch config that is not archived, in the order of the pool's list.
    pub launch_configs: Vec<(String, String)>,
    pub counts: WorkerCounts,
}

impl Db {
    /// `worker_pool_create`, safe to repeat.
    pub async fn create_worker_pool(&self, pool: &NewPool, by: &str, now: Timestamp) -> Result<PoolCreated, DbError> {
        create(self.pool(), pool, by, now).await
    }

    /// `worker_pool_update`, safe to repeat.
    pub async fn update_worker_pool(&self, pool: &NewPool, by: &str, now: Timestamp) -> Result<PoolUpdated, DbError> {
        update(self.pool(), pool, by, now).await
    }

    /// `worker_pool_create` and what the pool would be after it, in a transaction that is rolled back: nothing is stored, and
    /// nobody is notified.
    pub async fn plan_create_worker_pool(
        &self,
        pool: &NewPool,
        by: &str,
        now: Timestamp,
    ) -> Result<(PoolCreated, Option<PoolPlan>), DbError> {
        let mut transaction = self.pool().begin().await?;
        let created = create(&mut *transaction, pool, by, now).await?;
        let planned = planned(&mut transaction, pool, now).await?;
        transaction.rollback().await?;
        Ok((created, planned))
    }

    /// The same of `worker_pool_update`.
    pub async fn plan_update_worker_pool(
        &self,
        pool: &NewPool,
        by: &str,
        now: Timestamp,
    ) -> Result<(PoolUpdated, Option<PoolPlan>), DbError> {
        let mut transaction = self.pool().begin().await?;
        let updated = update(&mut *transaction, pool, by, now).await?;
        let planned = planned(&mut transaction, pool, now).await?;
        transaction.rollback().await?;
        Ok((updated, planned))
    }

    /// `worker_pool_delete`, safe to repeat. False: there is none.
    pub async fn delete_worker_pool(&self, pool: &TaskQueueId, by: &str, now: Timestamp) -> Result<bool, DbError> {
        let call = sqlx::query_scalar("select worker_pool_delete($1,$2,$3,$4)");
        Ok(call.bind(&pool.0).bind(NULL_PROVIDER).bind(by).bind(now).fetch_one(self.pool()).await?)
    }

    /// `worker_pools_get` for one pool.
    pub async fn worker_pool(&self, pool: &TaskQueueId) -> Result<Option<PoolRow>, DbError> {
        let call = sqlx::query("select * from worker_pools_get($1,null,1)").bind(&pool.0);
        Ok(call.fetch_optional(self.pool()).await?.as_ref().map(read).transpose()?)
    }

    /// `worker_pools_get` for all: at most `limit` after the given one.
    pub async fn worker_pools(&self, after: Option<&str>, limit: i32) -> Result<Rows<PoolRow>, DbError> {
        let call = sqlx::query("select * from worker_pools_get(null,$1,$2)").bind(after).bind(limit);
        Ok(Rows::read("worker_pool", &call.fetch_all(self.pool()).await?, read))
    }

    /// `expire_worker_manager`: the most of a kind that were deleted.
    pub async fn expire_worker_manager(
        &self,
        errors_before: Timestamp,
        limit: i32,
        now: Timestamp,
    ) -> Result<i32, DbError> {
        let call = sqlx::query_scalar("select expire_worker_manager($1,$2,$3,$4)").bind(NULL_PROVIDER);
        Ok(call.bind(errors_before).bind(limit).bind(now).fetch_one(self.pool()).await?)
    }
}

async fn create(
    executor: impl PgExecutor<'_>,
    pool: &NewPool,
    by: &str,
    now: Timestamp,
) -> Result<PoolCreated, DbError> {
    let sql = "select * from worker_pool_create($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)";
    let call = sqlx::query(sql).bind(&pool.worker_pool_id.0).bind(&pool.provider_id);
    let row = bind(call, pool).bind(by).bind(now).fetch_one(executor).await?;
    let (fresh, same): (bool, bool) = (row.try_get("fresh")?, row.try_get("same")?);
    let clash: Option<String> = row.try_get("clash")?;
    Ok(match clash {
        Some(id) => PoolCreated::LaunchConfigDiffers(id),
        None if fresh => PoolCreated::Now,
        None if same => PoolCreated::Before,
        None => PoolCreated::Differs,
    })
}

async fn update(
    executor: impl PgExecutor<'_>,
    pool: &NewPool,
    by: &str,
    now: Timestamp,
) -> Result<PoolUpdated, DbError> {
    let sql = "select * from worker_pool_update($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)";
    let call = sqlx::query(sql).bind(&pool.worker_pool_id.0).bind(&pool.provider_id).bind(NULL_PROVIDER);
    let Some(row) = bind(call, pool).bind(by).bind(now).fetch_optional(executor).await? else {
        return Ok(PoolUpdated::NoSuchPool);
    };
    let clash: Option<String> = row.try_get("clash")?;
    Ok(clash.map_or(PoolUpdated::Done, PoolUpdated::LaunchConfigDiffers))
}

/// The pool as this transaction sees it.
async fn planned(to: &mut PgConnection, pool: &NewPool, now: Timestamp) -> Result<Option<PoolPlan>, DbError> {
    let call = sqlx::query("select * from worker_pools_get($1,null,1)").bind(&pool.worker_pool_id.0);
    let Some(row) = call.fetch_optional(&mut *to).await? else { return Ok(None) };
    let call = sqlx::query_as("select * from provision_status($1,$2)").bind(&pool.worker_pool_id.0).bind(now);
    let status = call.fetch_optional(to).await?;
    Ok(status.map(|status| Ok::<_, sqlx::Error>(PoolPlan { pool: read(&row)?, status })).transpose()?)
}

/// The values that creating and updating have in common.
fn bind<'q>(call: Query<'q, Postgres, PgArguments>, pool: &'q NewPool) -> Query<'q, Postgres, PgArguments> {
    let configs = &pool.launch_configs;
    call.bind(&pool.description)
        .bind(&pool.owner)
        .bind(pool.email_on_error)
        .bind(&pool.config)
        .bind(pool.min_capacity)
        .bind(pool.max_capacity)
        .bind(pool.scaling_ratio)
        .bind(pool.provision_at)
        .bind(configs.iter().map(|config| config.configuration.as_str()).collect::<Vec<_>>())
        .bind(configs.iter().map(|config| config.worker_manager.as_str()).collect::<Vec<_>>())
        .bind(configs.iter().map(|config| config.capacity_per_instance).collect::<Vec<_>>())
        .bind(configs.iter().map(|config| config.initial_weight).collect::<Vec<_>>())
        .bind(configs.iter().map(|config| config.max_capacity).collect::<Vec<_>>())
}

fn read(row: &PgRow) -> Result<PoolRow, sqlx::Error> {
    let configurations: Vec<String> = row.try_get("configurations")?;
    let worker_managers: Vec<String> = row.try_get("worker_managers")?;
    Ok(PoolRow {
        worker_pool_id: TaskQueueId(row.try_get("worker_pool_id")?),
        provider_id: row.try_get("provider_id")?,
        previous_provider_ids: row.try_get("previous_provider_ids")?,
        description: row.try_get("description")?,
        owner: row.try_get("owner")?,
        email_on_error: row.try_get("email_on_error")?,
        config: row.try_get("config")?,
        created: row.try_get("created")?,
        last_modified: row.try_get("last_modified")?,
        launch_configs: configurations.into_iter().zip(worker_managers).collect(),
        counts: WorkerCounts::from_row(row)?,
    })
}
