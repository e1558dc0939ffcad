//! Machines, as a provider shows them.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{LaunchId, ProviderError};

/// A machine's `workerId`: the provider's own id of it.
pub type MachineId = String;

/// A machine that a launch made: what its worker row is written from.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// `workerGroup`, as Taskcluster chooses it: the region or zone.
    pub group: String,
    pub id: MachineId,
    /// What the proof of its identity is later compared with. Stored with the worker, never shown to clients.
    pub data: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineState {
    /// Starting or running.
    Running,
    /// Being stopped: it takes no work, and still exists.
    Stopping,
    /// Stopped or terminated; it never comes back.
    Ended,
}

/// A machine in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub id: MachineId,
    pub state: MachineState,
    /// By the provider's clock.
    pub created: DateTime<Utc>,
    /// Its tag `drover-launch`. `None`: not a machine of a launch.
    pub launch: Option<LaunchId>,
    /// Its tag `drover-deployment`. Machines of other deployments are never touched.
    pub deployment: Option<String>,
}

/// Where the next page begins, in the provider's words.
pub type PageToken = String;

#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `None`: this was the last page.
    pub next: Option<PageToken>,
}

/// What became of the request to end one machine. `Ok`: it is being ended, or has been.
pub type Terminated = Result<(), ProviderError>;
