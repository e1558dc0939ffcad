//! The Buildbot bridge: builds of a Buildbot master run as tasks.
//!
//! Owns: for each master its requests, in the database; nothing in memory that matters.
//! Woken by: `task-pending` and `task-exception`; the master's events; timers.
//! Emits: calls to the queue and the master, each as a client.

mod build_listener;
pub mod buildbot;
mod builders;
mod check;
mod checks;
mod circuit_breaker;
pub mod classic;
pub mod copier;
mod decide;
pub mod driver;
mod finish_times;
mod in_flight;
pub mod logs;
mod master;
mod metrics;
mod payload;
mod pending_scan;
mod queue_client;
mod reconciler;
mod request;
mod rules;
pub mod run_artifacts;
mod settings;
mod snapshot;
mod start;
mod task_listener;
#[cfg(test)]
mod tests;
mod tls;

pub use queue_client::Identity;
pub use rules::InvalidMaster;
pub use settings::{BridgeSettings, ClassicSettings, DriverKind, ExceptionReason, MasterSettings, WarningsEnd};
pub use start::{Bridge, BridgeChildren, MasterParts};
