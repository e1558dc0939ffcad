use db::{
    provisioner::ProvisionStatus,
    worker_manager::{PoolCreated, PoolPlan, PoolUpdated},
};

use super::{Pool, PoolRequest, Result, WorkerManager, WorkerManagerError};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolOperation {
    Create,
    Update,
}

/// What a pool would be after it was created or updated.
#[derive(Debug, Clone)]
pub struct PlannedPool {
    pub pool: Pool,
    /// What the next decision would be made from.
    pub provisioning: ProvisionStatus,
}

impl WorkerManager {
    /// What creating or updating a pool would make of it, or why it would be refused: all checks are those of the real call, and
    /// nothing is stored.
    pub async fn plan_pool(&self, operation: PoolOperation, request: PoolRequest, by: &str) -> Result<PlannedPool> {
        let now = self.clock.now();
        let new = self.new_pool(request, now)?;
        let id = || new.worker_pool_id.0.clone();
        let planned = match operation {
            PoolOperation::Create => match self.db.plan_create_worker_pool(&new, by, now).await? {
                (PoolCreated::Now | PoolCreated::Before, planned) => planned,
                (PoolCreated::Differs, _) => return Err(WorkerManagerError::PoolExists(id())),
                (PoolCreated::LaunchConfigDiffers(id), _) => return Err(WorkerManagerError::LaunchConfigDiffers(id)),
            },
            PoolOperation::Update => match self.db.plan_update_worker_pool(&new, by, now).await? {
                (PoolUpdated::Done, planned) => planned,
                (PoolUpdated::NoSuchPool, _) => None,
                (PoolUpdated::LaunchConfigDiffers(id), _) => return Err(WorkerManagerError::LaunchConfigDiffers(id)),
            },
        };
        let PoolPlan { pool, status } = planned.ok_or_else(|| WorkerManagerError::NoSuchPool(id()))?;
        Ok(PlannedPool { pool: Pool::read(pool)?, provisioning: status })
    }
}
