//! Support for tests of the whole house: a real `drover` process, a client that hides nothing, and a model of the queue.

// These are tests throughout: they read the environment and the clock of the machine they run on.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "everything here is test support")]

mod client;
mod directory;
mod drover;
pub mod model;
mod processes;
mod role_env;
mod rough_network;
pub mod servers;

pub use base::Seed;
pub use client::{Answer, Client, definition, seconds_from_now};
pub use directory::TestDirectory;
pub use drover::{Drover, program};
pub use processes::{children_of, signal};
pub use role_env::RoleEnv;
pub use rough_network::RoughNetwork;
