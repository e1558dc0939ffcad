//! Wake-ups between processes: a commit here may be what somebody waits for there.
//!
//! Owns: in memory what is still to be said, for some milliseconds.
//! Woken by: commits of this process (a hint); wake-ups of other processes.
//! Tells: other processes, on a fan-out exchange, without keeping or confirming anything. Whoever is to be woken looks
//! by himself too, only later.

mod hear;
mod tell;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::Rng;
use bus::Bus;
pub use tell::Others;

use crate::kit::{Child, Notifications};

/// The exchange of wake-ups.
pub const EXCHANGE: &str = "drover/v1/wake-up";

/// This process among the others that speak over one bus.
#[derive(Clone)]
pub struct Process {
    bus: Arc<dyn Bus>,
    /// By which it knows its own wake-ups again.
    sender: u64,
    rng: Rng,
}

impl Process {
    pub fn new(bus: Arc<dyn Bus>, rng: Rng) -> Self {
        Self { bus, sender: rng.number(), rng }
    }

    /// The part that tells others, and what to say to it.
    pub fn teller(&self) -> (Child, Others) {
        tell::part(self)
    }

    /// The part that hears others, and whom it notifies.
    pub fn listener(&self, notifications: Notifications) -> Child {
        hear::child(self, notifications)
    }
}
