//! The Buildbot bridge: builds of a Buildbot master run as tasks.
//!
//! Owns: for each master its requests, in the database; nothing in memory that matters.
//! Woken by: `task-pending` and `task-exception`; the master's events; ticks.
//! Tells: the queue and the master, each as a client.

mod authority;
mod build_listener;
pub mod buildbot;
mod builders;
mod busy;
mod circuit;
pub mod classic;
pub mod copier;
mod decide;
pub mod driver;
mod endings;
pub mod logs;
mod master;
mod meters;
mod payload;
mod pokes;
mod queue;
mod reflector;
mod rules;
mod settings;
pub mod shelf;
mod start;
mod step;
mod task_listener;
#[cfg(test)]
mod tests;

pub use queue::Identity;
pub use rules::BadMaster;
pub use settings::{BridgeSettings, ClassicSettings, DriverKind, ExceptionReason, MasterSettings, WarningsEnd};
pub use start::{Bridge, BridgeParts, MasterParts};
