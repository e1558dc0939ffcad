//! The worker: claims tasks over the HTTP API and runs them as processes on this machine.
//!
//! It uses the HTTP API only, and works with any Taskcluster-compatible server.

mod activity;
pub mod artifact;
pub mod client;
mod container;
mod egress;
mod error_report;
mod files;
mod http;
mod isolation;
mod job;
mod log;
mod mount;
pub mod payload;
mod process;
pub mod provider;
mod proxy;
pub mod runner;
mod scopes;
mod settings;
pub mod shell;
pub mod transfer;
mod trust;
mod worker;

pub use ::sandbox::{INIT_COMMAND, run_init};
pub use container::{ContainerSettings, MAX_IMAGE_BYTES};
pub use error_report::ErrorReporter;
pub use isolation::{
    IsolationError, IsolationLevel, IsolationMode, IsolationSettings, NetworkPolicy, ResourceLimits, memory_of_machine,
};
pub use settings::{MAX_MOUNT_BYTES, WorkerSettings};
pub use trust::{KeyError, Machine, SigningKey};
pub use worker::{StartError, Worker};
