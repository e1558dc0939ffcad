//! Worker pools: how many machines are launched, of which kind, and which may stop.
//!
//! [`decision`] is pure: no I/O, no clock, no random source of its own. What it sees and what it answers are values that can
//! be stored, shown and replayed. [`provider`] is the interface to what makes machines. [`start()`] gives the actors between
//! the two: a decision commits launches into the ledger, from which launchers carry them out.
#![forbid(unsafe_code)]

mod audit;
mod breakers;
mod checker;
pub mod decision;
mod emails;
mod keys;
mod launcher;
mod listing;
mod metrics;
mod observer;
mod offerings;
mod orphans;
mod pools;
mod prices;
pub mod provider;
mod settings;
mod shared;
pub mod simulate;
mod slots;
mod start;
mod sweeper;
#[cfg(test)]
mod tests;
mod watcher;

pub use audit::{Audit, AuditError, AuditReport, LostWorker, Orphan};
pub use settings::{Estimate, ProvisionSettings};
pub use shared::{ProviderHandle, ProvisionerNotifier, ProvisionerParts, deployment};
pub use start::start;
