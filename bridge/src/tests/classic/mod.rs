//! The bridge to a master of Buildbot 0.8: a real MariaDB with its tables, and a self-serve service that changes them as the
//! real one does.

mod cancels;
mod env;
mod events;
mod outages;
mod proxy;
mod results;
mod scale;

use env::TestMaster;

use super::TestEnv;
