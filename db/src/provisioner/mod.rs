//! The provisioner: decisions about worker pools, the ledger of launches, looks at machines, circuit breakers.

mod breakers;
mod checks;
mod decisions;
mod history;
mod launches;
mod notices;
mod offerings;
#[cfg(test)]
mod tests;
mod views;

pub use breakers::{BreakerKey, BreakerRow};
pub use checks::{CheckIntervals, CheckOutcome, CheckedWorker, MachineRow, OutcomeKind, SeenState, WorkerToCheck};
pub use decisions::{BucketRate, Decided, Decisions, NewLaunch};
pub use history::{DecisionRow, LaunchHistoryRow};
pub use launches::{GivenUpLaunch, LaunchClaim, LaunchRow, NewMachine};
pub use notices::{MachineNotice, MachineNoticeKind, NoticedWorker};
pub use offerings::{NewPrice, OfferingRef, OfferingRow};
pub use views::{LaunchConfigRow, OpenLaunchRow, PoolViewRow, SupplyRow};
