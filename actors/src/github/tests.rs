//! Deliveries, builds and reports.

mod cron;
mod env;
mod in_tree_actions;
mod intake;
mod jobs;
mod preview;
mod reports;
