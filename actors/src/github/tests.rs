//! Deliveries, builds and reports.

mod env;
mod intake;
