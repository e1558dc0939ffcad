//! The worker: claims tasks over the HTTP API and runs them as processes on this machine.
//!
//! It uses the HTTP API only, and works with any Taskcluster-compatible server.

mod access;
mod activity;
pub mod artifact;
pub mod client;
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
mod scopes;
mod settings;
pub mod transfer;
mod worker;

pub use isolation::{IsolationError, IsolationMode, IsolationSettings};
pub use settings::{MAX_MOUNT_BYTES, WorkerSettings};
pub use worker::{StartError, Worker};
