//! The bridge between a real queue and fake masters.

mod bad_masters;
mod cancels;
mod classic;
mod crashes;
mod env;
mod fake;
mod live;
mod mapping;
mod orders;
mod outages;
mod parts;
mod payloads;
mod retries;
pub(crate) mod server;
mod sweep;
mod waits;

use env::{M, TestEnv};
use fake::{Fake, Fault};
