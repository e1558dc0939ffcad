//! Worker pools, their launch configs, workers and errors.

mod counts;
mod emails;
mod errors;
mod keys;
mod known;
mod launch_configs;
mod pools;
mod register;
#[cfg(test)]
mod tests;
mod workers;

pub use counts::WorkerCounts;
pub use emails::ErrorEmail;
pub use errors::{ErrorAdded, ErrorCount, ErrorKey, NewPoolError, PoolErrorFilter, PoolErrorRow};
pub use keys::IdentityKey;
pub use known::{KnownWorker, KnownWorkerFilter};
pub use launch_configs::{LaunchConfigCounts, LaunchConfigRow};
pub use pools::{NewLaunchConfig, NewPool, PoolCreated, PoolPlan, PoolRow, PoolUpdated};
pub use register::{Advice, Registration};
pub use workers::{NewStaticWorker, PoolWorkerFilter, PoolWorkerRow, Removed};

/// The provider of pools that are to be deleted. It has no workers.
pub const NULL_PROVIDER: &str = "null-provider";
