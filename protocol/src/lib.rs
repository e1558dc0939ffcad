//! Ids, states, task definitions, scopes, events, and declared endpoints.
//!
//! Pure data and pure functions. Nothing here reads a clock, opens a socket or waits.

pub mod certificate;
pub mod cron;
pub mod error;
pub mod event;
pub mod exchanges;
pub mod explain;
pub mod form;
pub mod github;
pub mod group_snapshot;
pub mod hawk;
pub mod id;
pub mod limits;
pub mod media_type;
pub mod message;
pub mod notify;
mod number;
pub mod proto;
pub mod reference;
pub mod schema;
pub mod scope;
pub mod state;
pub mod status;
pub mod task;
pub mod time;
pub mod treeherder;
pub mod worker_pool;
