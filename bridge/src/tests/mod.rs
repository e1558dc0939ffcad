//! The bridge between a real queue and fake masters.

mod bad_masters;
mod cancels;
mod classic;
mod crashes;
mod env;
mod event_orders;
mod fake_master;
mod live;
mod mapping;
mod outages;
mod payloads;
mod retries;
mod scale;
pub(crate) mod server;
mod supervised;
mod waits;

use env::{M, TestEnv};
use fake_master::{FakeMaster, Fault};
