//! From a signed web hook to tasks, check runs and comments: a real `drover dev` against the GitHub of ours in
//! `tests/src/servers/github`.

#![allow(clippy::unwrap_used, reason = "everything here is a test or its support")]

mod cron;
mod env;
mod faults;
mod graphs;
mod policies;
mod reports;
