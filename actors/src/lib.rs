//! The parts of Drover that do the work, each an actor.

pub mod artifacts;
pub mod auth;
pub mod database_version;
pub mod index;
pub mod kit;
pub mod live;
pub mod object;
pub mod purge_cache;
pub mod queue;
pub mod reflector;
pub mod relay;
pub mod scheduler;
pub mod secrets;
pub mod treeherder;
pub mod wake;

pub use protocol::error::FieldError;
