//! Builders, and who answers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BuilderId(pub i64);

impl fmt::Display for BuilderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A builder of the master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Builder {
    pub id: BuilderId,
    pub name: String,
    pub description: String,
    /// Some master can run it now. Builders that were taken out of the configuration stay in the master's database.
    pub active: bool,
    /// The schedulers that the bridge could create requests with, the one it would use first. Empty: none may.
    pub schedulers: Vec<String>,
    /// Whether requests are collapsed, which would lose tasks. `None`: the master does not tell.
    pub collapses: Option<bool>,
    /// How many workers are connected for it. `None`: the master does not tell.
    pub workers: Option<usize>,
    /// Why its workers would not take a request now. `None`: they would, or the master does not tell.
    pub holds: Option<Holds>,
    /// Numbers of builds that were made and never began: each costs a worker's place until somebody ends it.
    pub hanging: Vec<i64>,
}

/// What keeps the connected workers of a builder from its next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// All of them build already, or are paused.
    Busy,
    /// A lock of the builder is taken.
    Lock,
}

/// The outcome of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What the master runs, like `4.3.0`; empty if it does not tell.
    pub version: String,
    /// The title it gives itself.
    pub title: String,
    /// As whom it knows us; `None`: anonymous.
    pub user: Option<String>,
    /// A repeat of `create` makes no second build, because the master's scheduler sees to it.
    pub creates_once: bool,
    /// A build that a cancel left hanging is ended by the master's scheduler. `None`: this kind of master has no such builds.
    pub ends_hanging: Option<bool>,
}
