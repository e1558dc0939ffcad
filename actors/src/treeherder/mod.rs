//! The Treeherder reporter: it tells runs of tasks with Treeherder routes as jobs.
//!
//! Owns: to which push tasks belong, in the database; in memory only what tasks say of themselves, which never changes.
//! Woken by: events of tasks with such routes, and the wish to tell a push once more.
//! Tells: job messages, on an exchange of their own.
//!
//! An event is settled after its messages are confirmed, and its queue serves one reporter at a time: nothing is lost,
//! and the messages of a job stay in order, whichever process tells them.

mod error;
mod heard;
mod known;
mod listener;
mod problems;
mod pushes;
mod settings;
mod telling;
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

/// On which a push is asked for once more.
const REPLAY_EXCHANGE: &str = "drover/v1/treeherder-replay";

/// One reporter.
#[derive(Clone)]
pub struct Reporter {
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub settings: TreeherderSettings,
    /// Of the exchanges for the world.
    pub names: ExchangeNames,
    /// Where clients reach this installation, without a slash at the end.
    pub root_url: String,
    /// The exchange on which Drover's own parts hear of events. A broker sorts them by the routes of tasks: those
    /// without a Treeherder route never come here.
    pub events: String,
}
