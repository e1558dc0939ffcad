//! What a provider has and what the database knows, compared for people: machines without a worker, and workers without a machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, worker_manager::PoolWorkerFilter};
use protocol::{
    id::{TaskQueueId, WorkerName},
    worker_pool::WorkerState,
};

use crate::{
    listing::list_all,
    metrics::Metrics,
    orphans,
    provider::{LaunchId, MachineId, MachineState, ProviderError},
    shared::{ProviderHandle, in_time},
};

const ROWS_A_CALL: i32 = 1000;
/// So long a machine may be missing in a list that is not complete.
const LISTED_WITHIN: TimeDelta = TimeDelta::minutes(2);

/// A machine without a worker that uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Orphan {
    pub region: String,
    pub machine: MachineId,
    pub launch: Option<LaunchId>,
    pub created: DateTime<Utc>,
    /// Old enough that its launch would have been recorded: only such a machine is ended.
    pub is_due: bool,
}

/// A worker that counts as supply and has no machine.
#[derive(Clone, Debug, PartialEq)]
pub struct LostWorker {
    pub worker_pool_id: TaskQueueId,
    pub worker: WorkerName,
    pub state: WorkerState,
    pub created: DateTime<Utc>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditReport {
    pub regions: Vec<String>,
    /// Machines of this deployment.
    pub machines: usize,
    /// Machines of others in the same account, as far as the provider shows them.
    pub others: usize,
    pub orphans: Vec<Orphan>,
    pub lost: Vec<LostWorker>,
}

/// Why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the database: {0}")]
    Db(#[from] DbError),
    #[error("the machines in {0} cannot be listed: {1}")]
    List(String, ProviderError),
    #[error("machines in {0} cannot be ended: {1}")]
    Terminate(String, ProviderError),
}

/// Compares one provider. It is no actor: it belongs to whoever asks.
pub struct Audit {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub provider: ProviderHandle,
    /// The tag `drover-deployment`.
    pub deployment: String,
    /// As the setting `provision.orphan_age`.
    pub orphan_age: TimeDelta,
}

impl Audit {
    /// In the regions that the ledger knows, and these.
    pub async fn compare(&self, more_regions: &[String]) -> Result<AuditReport, AuditError> {
        // Before the machines: a worker that is recorded later may have a machine that is not listed.
        let workers = self.workers().await?;
        let known = self.db.provision_regions(&self.provider.id).await?;
        let regions: BTreeSet<String> = known.into_iter().chain(more_regions.iter().cloned()).collect();
        let (metrics, mut report, mut listed) = (Metrics::new(), AuditReport::default(), BTreeMap::new());
        for region in regions {
            let machines = list_all(&metrics, &self.provider, &region).await;
            let machines = machines.map_err(|error| AuditError::List(region.clone(), error))?;
            let (ours, others): (Vec<_>, Vec<_>) =
                machines.into_iter().partition(|machine| orphans::is_of(machine, &self.deployment));
            report.machines += ours.len();
            report.others += others.len();
            listed.extend(ours.iter().map(|machine| (machine.id.clone(), machine.state)));
            let found = orphans::find(&self.db, &self.provider, &self.deployment, ours).await?;
            let now = self.clock.now();
            report.orphans.extend(found.into_iter().map(|machine| Orphan {
                is_due: now - machine.created >= self.orphan_age,
                region: region.clone(),
                machine: machine.id,
                launch: machine.launch,
                created: machine.created,
            }));
            report.regions.push(region);
        }
        for worker in workers {
            let is_gone = match listed.get(&worker.worker.worker_id) {
                Some(state) => *state == MachineState::Ended,
                None => !self.may_be_missing(&worker),
            };
            if is_gone {
                report.lost.extend(self.still_counts(worker).await?);
            }
        }
        Ok(report)
    }

    /// Ends the machines that are due; how many. Workers without a machine become due for the provisioner's own check, which decides:
    /// somebody who names another deployment here must not stop them.
    pub async fn end(&self, report: &AuditReport) -> Result<usize, AuditError> {
        let (mut ended, mut first_error) = (0, None);
        for region in &report.regions {
            let due = report.orphans.iter().filter(|orphan| orphan.is_due && orphan.region == *region);
            let ids: Vec<MachineId> = due.map(|orphan| orphan.machine.clone()).collect();
            if ids.is_empty() {
                continue;
            }
            // One that cannot be ended does not keep the others alive.
            let outcomes = in_time(self.provider.driver.terminate(region, &ids)).await;
            for outcome in outcomes.unwrap_or_else(|error| vec![Err(error)]) {
                match outcome {
                    Ok(()) => ended += 1,
                    Err(error) => first_error = first_error.or(Some(AuditError::Terminate(region.clone(), error))),
                }
            }
        }
        if !report.lost.is_empty() {
            self.db.provision_check_now(&self.provider.id, self.clock.now()).await?;
        }
        first_error.map_or(Ok(ended), Err)
    }

    /// All workers of the provider that count as supply.
    async fn workers(&self) -> Result<Vec<LostWorker>, DbError> {
        let (mut workers, mut after): (_, Option<TaskQueueId>) = (Vec::new(), None);
        loop {
            let pools = self.db.worker_pools(after.as_ref().map(|pool| pool.0.as_str()), ROWS_A_CALL).await?.readable;
            let Some(last) = pools.last() else { return Ok(workers) };
            after = Some(last.worker_pool_id.clone());
            for pool in &pools {
                let is_ours =
                    pool.provider_id == self.provider.id || pool.previous_provider_ids.contains(&self.provider.id);
                if is_ours {
                    self.add_workers(&pool.worker_pool_id, &mut workers).await?;
                }
            }
        }
    }

    async fn add_workers(&self, pool: &TaskQueueId, workers: &mut Vec<LostWorker>) -> Result<(), DbError> {
        let (filter, mut after): (_, Option<WorkerName>) = (PoolWorkerFilter::default(), None);
        loop {
            let rows = self.db.pool_workers(pool, &filter, after.as_ref(), ROWS_A_CALL).await?.readable;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.worker.clone());
            let ours = rows.into_iter().filter(|row| row.provider_id == self.provider.id);
            workers.extend(ours.filter(|row| row.state != WorkerState::Stopped).map(|row| LostWorker {
                worker_pool_id: row.worker_pool_id,
                worker: row.worker,
                state: row.state,
                created: row.created,
            }));
        }
    }

    /// It is so young that a list may leave its machine out.
    fn may_be_missing(&self, worker: &LostWorker) -> bool {
        !self.provider.driver.lists_are_complete() && self.clock.now() - worker.created < LISTED_WITHIN
    }

    /// Unless it has stopped since.
    async fn still_counts(&self, worker: LostWorker) -> Result<Option<LostWorker>, DbError> {
        let now = self.db.pool_worker(&worker.worker_pool_id, &worker.worker).await?;
        Ok(now.filter(|row| row.state != WorkerState::Stopped).map(|row| LostWorker { state: row.state, ..worker }))
    }
}
