//! GitHub: deliveries of its web hook, builds, and what it is to show about them.

mod builds;
mod receive;
mod reports;
mod rows;
#[cfg(test)]
mod tests;

pub use builds::BuildFilter;
pub use receive::{InstallationUpdate, NewDelivery, NewDeliveryMessage};
pub use reports::NewReport;
pub use rows::{BuildRow, DeliveryRow};
