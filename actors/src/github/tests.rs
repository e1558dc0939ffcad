//! Deliveries, builds and reports.

mod env;
mod intake;
mod jobs;
mod preview;
mod reports;
