//! The bridge to a master of Buildbot 0.8: a real MariaDB with its tables, and a self-serve service that does to them what the
//! agents behind the real one do.

mod cancels;
mod ends;
mod env;
mod events;
mod outages;
mod proxy;
mod sweep;

use env::Old;

use super::TestEnv;
