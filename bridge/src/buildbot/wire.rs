//! Buildbot's objects in the REST API, as far as the bridge needs them.

use std::collections::BTreeMap;

use protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::driver::{
    Build, BuildId, BuildResult, BuilderId, BuildsetId, Log, LogId, LogKind, Properties, Property, Request, RequestId,
    Step, StepId, WorkerName,
};

#[derive(Deserialize)]
pub(super) struct WireRequest {
    pub(super) buildrequestid: i64,
    pub(super) buildsetid: i64,
    pub(super) builderid: i64,
    submitted_at: Option<i64>,
    pub(super) claimed: bool,
    pub(super) complete: bool,
    pub(super) results: Option<i64>,
}

impl From<WireRequest> for Request {
    fn from(wire: WireRequest) -> Self {
        Self {
            id: RequestId(wire.buildrequestid),
            buildset: BuildsetId(wire.buildsetid),
            builder: BuilderId(wire.builderid),
            submitted: wire.submitted_at.and_then(time).unwrap_or_default(),
            claimed: wire.claimed,
            result: wire.complete.then(|| result(wire.results)),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireBuild {
    buildid: i64,
    builderid: i64,
    buildrequestid: i64,
    number: i64,
    started_at: Option<i64>,
    complete: bool,
    complete_at: Option<i64>,
    results: Option<i64>,
    #[serde(default)]
    state_string: String,
    pub(super) workerid: Option<i64>,
}

impl WireBuild {
    /// `base`: the master's URL, which ends with a slash.
    pub(super) fn into_build(self, base: &str, worker: Option<String>) -> Build {
        Build {
            id: BuildId(self.buildid),
            request: RequestId(self.buildrequestid),
            number: self.number,
            worker: worker.map(WorkerName),
            started: self.started_at.and_then(time).unwrap_or_default(),
            ended: self.complete_at.and_then(time),
            result: self.complete.then(|| result(self.results)),
            state: self.state_string,
            url: Some(format!("{base}#/builders/{}/builds/{}", self.builderid, self.number)),
        }
    }
}

/// Value and source of each property.
pub(super) type WireProperties = BTreeMap<String, (Value, String)>;

pub(super) fn properties(wire: WireProperties) -> Properties {
    wire.into_iter().map(|(name, (value, source))| (name, Property { value, source })).collect()
}

#[derive(Deserialize)]
pub(super) struct WireStep {
    pub(super) stepid: i64,
    number: i64,
    name: String,
    started_at: Option<i64>,
    pub(super) complete: bool,
    complete_at: Option<i64>,
    results: Option<i64>,
    #[serde(default)]
    state_string: String,
    #[serde(default)]
    urls: Vec<WireUrl>,
    #[serde(default)]
    hidden: bool,
}

#[derive(Deserialize)]
struct WireUrl {
    name: String,
    url: String,
}

impl WireStep {
    /// The id alone would be that of another step after the master's database was replaced.
    pub(super) const fn key(&self) -> (i64, Option<i64>) {
        (self.stepid, self.started_at)
    }

    pub(super) fn with_logs(self, logs: Vec<Log>) -> Step {
        Step {
            id: StepId(self.stepid),
            number: self.number,
            name: self.name,
            started: self.started_at.and_then(time),
            ended: self.complete_at.and_then(time),
            result: self.complete.then(|| result(self.results)),
            state: self.state_string,
            urls: self.urls.into_iter().map(|WireUrl { name, url }| (name, url)).collect(),
            hidden: self.hidden,
            logs,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireLog {
    logid: i64,
    name: String,
    slug: String,
    #[serde(rename = "type")]
    kind: String,
    num_lines: u64,
    complete: bool,
}

impl From<WireLog> for Log {
    fn from(wire: WireLog) -> Self {
        let kind = match wire.kind.as_str() {
            "s" => LogKind::Stdio,
            "h" => LogKind::Html,
            _ => LogKind::Text,
        };
        Self {
            id: LogId(wire.logid),
            name: wire.name,
            slug: wire.slug,
            kind,
            lines: wire.num_lines,
            complete: wire.complete,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireChunk {
    pub(super) content: String,
    pub(super) firstline: u64,
}

#[derive(Deserialize)]
pub(super) struct WireBuilder {
    pub(super) builderid: i64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) masterids: Vec<i64>,
}

#[derive(Deserialize)]
pub(super) struct WireWorker {
    pub(super) configured_on: Vec<WireWorkerBuilder>,
    pub(super) connected_to: Vec<Value>,
    #[serde(default)]
    pub(super) paused: bool,
}

#[derive(Deserialize)]
pub(super) struct WireWorkerBuilder {
    pub(super) builderid: i64,
}

fn time(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp(seconds, 0).map(protocol::time::clamp)
}

/// Of something that has ended. An unknown result counts as an exception.
fn result(number: Option<i64>) -> BuildResult {
    number.and_then(BuildResult::from_number).unwrap_or(BuildResult::Exception)
}
