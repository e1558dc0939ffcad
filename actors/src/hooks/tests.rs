//! Hooks on a real database: each test has one of its own.

mod bad;
mod built_in;
mod env;
mod explain;
mod fires;
mod messages;
mod schedule;

use env::{TestEnv, body, name, object};
