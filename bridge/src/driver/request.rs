//! Build requests: what the bridge creates at a master, one for each task.

use std::fmt;

use protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BuildResult, BuilderId};

/// The id of a build request (`buildrequestid`, brid).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub i64);

/// The id of a buildset (bsid).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BuildsetId(pub i64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BuildsetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A request to create.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// `taskId/runId` of the first run: makes a repeated create idempotent.
    pub key: String,
    pub builder: String,
    pub source_stamp: SourceStamp,
    /// Any JSON; becomes properties of the build.
    pub properties: Map<String, Value>,
    pub priority: i64,
    /// Shown in the web interface.
    pub reason: String,
}

/// What is to be built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceStamp {
    pub branch: String,
    pub revision: String,
    pub repository: String,
    pub project: String,
    pub codebase: String,
}

/// The ids of a created request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    pub buildset: BuildsetId,
    pub request: RequestId,
}

/// A request as the master has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub id: RequestId,
    pub buildset: BuildsetId,
    pub builder: BuilderId,
    pub submitted: Timestamp,
    /// A builder has claimed it to start a build.
    pub claimed: bool,
    /// How it ended; `None` while it is open.
    pub result: Option<BuildResult>,
}
