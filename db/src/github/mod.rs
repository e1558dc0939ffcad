//! GitHub: deliveries of its web hook, builds, and what it is to show about them.

mod builds;
mod commit;
mod cron;
mod deliveries;
mod receive;
mod reports;
mod rows;
mod send;
#[cfg(test)]
mod tests;

pub use builds::BuildFilter;
pub use commit::{BuildOutcome, NewBuild};
pub use cron::{CronRow, NewCronDelivery};
pub use deliveries::DeliveryLease;
pub use receive::{InstallationUpdate, NewDelivery, NewDeliveryMessage};
pub use reports::NewReport;
pub use rows::{BuildRow, DeliveryRow};
pub use send::{ReportRow, SenderLease, Unsent};
