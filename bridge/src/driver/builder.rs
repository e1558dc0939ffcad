//! Builders, and the result of a login.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// A running master has it. Builders that were taken out of the configuration stay in the master's database.
    pub active: bool,
    /// The schedulers that the bridge could create requests with, the preferred one first.
    pub schedulers: Vec<String>,
    /// Whether requests are collapsed, so that some tasks get no build. `None`: unknown.
    pub collapses: Option<bool>,
    /// How many of its workers are connected. `None`: unknown.
    pub workers: Option<usize>,
    /// Why its workers would not start a build now. `None`: they would, or it is unknown.
    pub holds: Option<Holds>,
    /// Numbers of builds that were created and never began: each blocks a worker until it is ended.
    pub hanging: Vec<i64>,
}

/// What keeps the connected workers of a builder from starting its next build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// All of them are building, or paused.
    Busy,
    /// A lock that the builder needs is held.
    Lock,
}

/// The result of a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Like `4.3.0`; empty if unknown.
    pub version: String,
    /// The title of its web interface.
    pub title: String,
    /// The user of this login; `None`: anonymous.
    pub user: Option<String>,
    /// The master's scheduler makes sure that a repeated `create` makes no second build.
    pub creates_idempotently: bool,
    /// The master's scheduler ends builds that a cancel left hanging. `None`: this kind of master has no such builds.
    pub ends_hanging: Option<bool>,
}
