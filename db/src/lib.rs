//! The database: its versions, its stored functions, and the one way to reach them.
//!
//! Only this crate names sqlx. Everything above it sees plain Rust functions, each of which is one call of
//! one stored function and so one transaction.

pub mod artifact;
pub mod auth;
mod batch_connection;
pub mod blob;
pub mod bridge;
pub mod classic;
mod connect;
pub mod dead_letters;
pub mod embedded;
mod error;
pub mod github;
mod health;
pub mod hooks;
pub mod index;
pub mod notify;
pub mod object;
mod options;
pub mod outbox;
pub mod provisioner;

pub mod purge_cache;
pub mod queue;
mod rows;
pub mod secrets;
mod service_event;
pub mod sessions;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod third_parties;
pub mod treeherder;
pub mod versions;
pub mod worker_manager;

pub use batch_connection::BatchConnection;
pub use connect::{Db, DbSettings};
pub use error::DbError;
pub use health::{Autovacuum, Connections, Health, Holder, TableRows, health};
pub use rows::Rows;
pub use service_event::NewServiceEvent;
