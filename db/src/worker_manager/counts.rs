//! Counts of workers, as columns of several functions.

use sqlx::FromRow;

/// Workers by state: how many, and the sum of their capacities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct WorkerCounts {
    pub requested_count: i64,
    pub running_count: i64,
    pub stopping_count: i64,
    pub stopped_count: i64,
    pub requested_capacity: i64,
    pub running_capacity: i64,
    pub stopping_capacity: i64,
    pub stopped_capacity: i64,
}

impl WorkerCounts {
    /// The capacity of all that are not stopped.
    pub const fn current_capacity(&self) -> i64 {
        self.requested_capacity + self.running_capacity + self.stopping_capacity
    }
}
