//! Support for whole-system tests: a real `drover` process, a client that hides nothing, and a model of the queue.

// These are tests throughout: they read the environment and the clock of the machine they run on.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "everything here is test support")]

mod client;
mod directory;
mod drover;
mod faulty_proxy;
pub mod model;
mod pool_env;
mod processes;
mod role_env;
pub mod servers;

pub use base::Seed;
pub use client::{Answer, Client, definition, seconds_from_now};
pub use directory::TestDirectory;
pub use drover::{Drover, program};
pub use faulty_proxy::FaultyProxy;
pub use pool_env::{PoolEnv, WorkerCommand};
pub use processes::{children_of, parent_of, signal};
pub use role_env::RoleEnv;
