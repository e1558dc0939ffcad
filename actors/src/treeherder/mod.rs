//! The Treeherder reporter: publishes runs of tasks with Treeherder routes as jobs.
//!
//! Owns: to which push tasks belong, in the database; in memory a cache of task definitions, which never change.
//! Woken by: events of tasks with such routes, and requests to replay a push.
//! Emits: job messages, on an exchange of their own.
//!
//! An event is acknowledged after its messages are confirmed, and its queue serves one reporter at a time: nothing is
//! lost, and the messages of a job stay in order, whichever process publishes them.

mod consumer;
mod error;
mod job_messages;
mod problems;
mod pushes;
mod settings;
mod task_cache;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::{Clock, Rng};
use bus::Bus;
use db::Db;
use protocol::exchanges::ExchangeNames;

pub use error::PushError;
pub use pushes::Pushes;
pub use settings::{Dialects, TreeherderSettings};

/// On which replays of pushes are requested.
const REPLAY_EXCHANGE: &str = "drover/v1/treeherder-replay";

/// One reporter.
#[derive(Clone)]
pub struct Reporter {
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub settings: TreeherderSettings,
    /// Of the external exchanges.
    pub names: ExchangeNames,
    /// Where clients reach this installation, without a slash at the end.
    pub root_url: String,
    /// The internal exchange of events. A broker routes them by the routes of tasks: those without a Treeherder route
    /// never come here.
    pub events: String,
}
