//! The house's own way with ractor: what every part uses and no part repeats.
//!
//! A part is started under a `Supervisor`, spoken to through a `Handle`, woken by a `Hint` or
//! a `Tick`; requests that need no actor run in a `Limiter`. Calls between processes are `rpc`.

mod batcher;
mod child;
mod handle;
mod hint;
mod inbox;
mod notifications;
mod notifier;
mod page;
mod periodic;
mod pool;
mod reads;
mod recent;
pub mod rpc;
mod supervisor;
mod tick;

pub use batcher::{BatchOperation, Batcher, Connect, QueueFull};
pub use child::{Child, Restart};
pub use handle::{CallError, Handle, Reply};
pub use hint::{Hint, HintInbox};
pub use inbox::{Inbox, Letter};
pub use notifications::{Notifications, PendingNotifier};
pub use notifier::Notifier;
pub use page::{Page, PageAfter};
pub use periodic::{Next, Periodic, Schedule};
pub use pool::{Pool, Work};
pub use reads::Reads;
pub use recent::Recent;
pub use supervisor::{Supervised, Supervisor, SupervisorMsg};
pub use tick::Tick;

#[cfg(test)]
mod tests;
