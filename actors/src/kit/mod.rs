//! The shapes of actors, and what all of them use.
//!
//! | shape | for |
//! |---|---|
//! | [`Batcher`] | hot statements: takes all that waits, makes one database call on a connection of its own, answers each |
//! | [`Periodic`] | reconcilers: look at the database, woken by a [`Notifier`] or a timer |
//! | [`Consumer`] | listeners on the bus: take all that was delivered, acknowledge it afterwards |
//! | [`rpc`] | calls between processes, with a deadline |
//! | [`Supervisor`] | starts actors ([`Child`]), restarts them with back-off, and restarts those that are stuck ([`Progress`]) |
//!
//! Requests that need no actor run in a [`Limiter`].

mod background;
mod batcher;
mod child;
mod consumer;
mod dead_letters;
mod delivery;
mod handle;
mod limiter;
mod notifications;
mod notifier;
mod page;
mod periodic;
mod progress;
mod recent;
pub mod rpc;
mod supervisor;
mod timer;

pub use background::Background;
pub use batcher::{BatchOperation, Batcher, Connect, QueueFull};
pub use child::{Child, Restart};
pub use consumer::{Consumer, ConsumerContext};
pub use dead_letters::{DeadLetters, from_dead_letter};
pub use delivery::{Deliveries, Delivery};
pub use handle::{CallError, Handle, Reply};
pub use limiter::Limiter;
pub use notifications::{Notifications, PendingNotifier};
pub use notifier::Notifier;
pub use page::{Page, PageAfter};
pub use periodic::{Next, Periodic, Schedule};
pub use progress::Progress;
pub use recent::Recent;
pub use supervisor::{Supervisor, SupervisorHandle, SupervisorMsg};

#[cfg(test)]
mod tests;
