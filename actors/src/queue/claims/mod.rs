//! How `claimWork` is served: one call claims for many workers, and those for whom there is nothing wait for tasks.

mod delivery;
mod operation;
mod redeliver;
mod sweep;
mod unanswered;
mod wait_queue;
#[cfg(test)]
mod wait_queue_tests;

pub(super) use delivery::Delivery;
pub(super) use operation::ClaimOperation;
pub(super) use sweep::ClaimSweep;
pub(super) use wait_queue::WaitingClaim;
