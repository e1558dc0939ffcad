//! The worker: claims tasks over the HTTP API and runs them as processes on this machine.
//!
//! It knows nothing of the house behind the API, and works against any server that speaks it.

pub mod artifact;
pub mod client;
mod http;
mod job;
mod log;
mod mount;
pub mod payload;
mod process;
mod proxy;
mod settings;
pub mod transfer;
mod worker;

pub use settings::WorkerSettings;
pub use worker::{StartError, Worker};
