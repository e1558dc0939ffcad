//! The house's own way with ractor: what every part uses and no part repeats.
//!
//! A part is started under a `Supervisor`, spoken to through a `Handle`, woken by a `Hint` or
//! a `Tick`, and, where it remembers nothing, spread over a `Pool`; questions that need no order are `Reads`. What another process runs is asked as a `Remote`
//! and answered by a `Service`.

mod batcher;
mod child;
mod handle;
mod hint;
mod inbox;
mod notifications;
mod notifier;
mod periodic;
mod pool;
mod reads;
mod recent;
mod remote;
mod supervisor;
mod tick;

pub use batcher::{BatchOperation, Batcher, Connect, Full};
pub use child::{Child, Restart};
pub use handle::{CallError, Handle, Reply};
pub use hint::{Hint, HintInbox};
pub use inbox::{Inbox, Letter};
pub use notifications::{Notifications, PendingNotifier};
pub use notifier::Notifier;
pub use periodic::{Next, Periodic, Schedule};
pub use pool::{Pool, Work};
pub use reads::Reads;
pub use recent::Recent;
pub use remote::{Answer, Remote, Service};
pub use supervisor::{Supervised, Supervisor, SupervisorMsg};
pub use tick::Tick;

#[cfg(test)]
mod tests;
