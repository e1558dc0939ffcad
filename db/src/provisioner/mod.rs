//! The provisioner: decisions about worker pools, the ledger of launches, looks at machines, circuit breakers.

mod breakers;
mod checks;
mod decisions;
mod demand;
mod history;
mod launches;
mod notices;
mod offerings;
mod status;
#[cfg(test)]
mod tests;
mod totals;
mod views;

pub use breakers::{BreakerKey, BreakerRow};
pub use checks::{CheckIntervals, CheckOutcome, CheckedWorker, MachineRow, OutcomeKind, SeenState, WorkerToCheck};
pub use decisions::{BucketRate, Decided, Decisions, NewLaunch};
pub use demand::DemandRow;
pub use history::{DecisionRow, LaunchHistoryRow, LaunchKey};
pub use launches::{GivenUpLaunch, LaunchClaim, LaunchHold, LaunchRow, NewMachine};
pub use notices::{MachineNotice, MachineNoticeKind, NoticedWorker};
pub use offerings::{NewPrice, OfferingRef, OfferingRow};
pub use status::{BreakerStatus, LaunchConfigStatus, ProvisionStatus};
pub use totals::ProvisionTotal;
pub use views::{LaunchConfigRow, OpenLaunchRow, PoolViewRow, SupplyRow};
