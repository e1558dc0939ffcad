//! Builds, their steps and their properties.

use std::{collections::BTreeMap, fmt};

use protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Log, RequestId};

/// The id of a build, unique over all builders (`buildid`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BuildId(pub i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub i64);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerName(pub String);

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a build, a request or a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildResult {
    Success,
    Warnings,
    Failure,
    Skipped,
    Exception,
    Retry,
    Cancelled,
}

impl BuildResult {
    pub const ALL: [Self; 7] =
        [Self::Success, Self::Warnings, Self::Failure, Self::Skipped, Self::Exception, Self::Retry, Self::Cancelled];

    /// From Buildbot's number, 0 to 6. Open requests have -1, open builds null.
    pub fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied())
    }

    pub const fn number(self) -> i16 {
        match self {
            Self::Success => 0,
            Self::Warnings => 1,
            Self::Failure => 2,
            Self::Skipped => 3,
            Self::Exception => 4,
            Self::Retry => 5,
            Self::Cancelled => 6,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Warnings => "warnings",
            Self::Failure => "failure",
            Self::Skipped => "skipped",
            Self::Exception => "exception",
            Self::Retry => "retry",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for BuildResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One attempt at a request. A request has several when builds of it ended with RETRY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub id: BuildId,
    pub request: RequestId,
    /// Its number at its builder, as the web interface shows it.
    pub number: i64,
    pub worker: Option<WorkerName>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    /// `None` while it runs.
    pub result: Option<BuildResult>,
    /// `state_string` of the master: what it does, or why it ended.
    pub state: String,
    /// Its page in the web interface.
    pub url: Option<String>,
}

/// A property, and who set it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Property {
    pub value: Value,
    pub source: String,
}

pub type Properties = BTreeMap<String, Property>;

/// A step of a build, with its logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub id: StepId,
    pub number: i64,
    pub name: String,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub result: Option<BuildResult>,
    pub state: String,
    /// Names and URLs that the step shows.
    pub urls: Vec<(String, String)>,
    pub hidden: bool,
    pub logs: Vec<Log>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_has_the_number_that_buildbot_gives_it() {
        for result in BuildResult::ALL {
            assert_eq!(BuildResult::from_number(result.number().into()), Some(result));
        }
        assert_eq!(BuildResult::from_number(5), Some(BuildResult::Retry));
        assert_eq!([-1, 7].map(BuildResult::from_number), [None, None]);
    }
}
