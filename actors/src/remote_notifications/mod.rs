//! Notifications between processes: a commit here may be what an actor of another process waits for.
//!
//! Owns: in memory what is still to be published, for some milliseconds.
//! Woken by: commits of this process (a notification); notifications of other processes.
//! Emits: notifications, on a fan-out exchange, neither kept nor confirmed. Whoever is to be notified also looks by itself,
//! only later.

mod publisher;
mod subscriber;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::Rng;
use bus::Bus;
pub use publisher::RemoteNotifier;

use crate::kit::{Child, Notifications};

/// The exchange of notifications.
pub const EXCHANGE: &str = "drover/v1/notifications";

/// This process among the others that share one bus.
#[derive(Clone)]
pub struct RemoteNotifications {
    bus: Arc<dyn Bus>,
    /// By which it recognises its own notifications.
    sender: u64,
    rng: Rng,
}

impl RemoteNotifications {
    pub fn new(bus: Arc<dyn Bus>, rng: Rng) -> Self {
        Self { bus, sender: rng.number(), rng }
    }

    /// The actor that notifies other processes, and what to notify.
    pub fn publisher(&self) -> (Child, RemoteNotifier) {
        publisher::child(self)
    }

    /// The actor that notifies `local` of what other processes publish.
    pub fn subscriber(&self, local: Notifications) -> Child {
        subscriber::child(self, local)
    }
}
