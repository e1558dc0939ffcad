//! The job message.

use serde::{Deserialize, Serialize};

use super::{
    Destination, JobConfig, JobKind, JobResult, JobState, Outcome, Problem, ReportedTask, cut,
    links::{Link, Log},
    route::is_name_byte,
};
use crate::{
    id::{RunId, TaskId},
    schema,
    status::RunStatus,
    time::{Timestamp, wire, wire_option},
};

/// The form of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// What Treeherder's loader takes now.
    #[serde(rename = "present")]
    Present,
    /// What it took until July 2019.
    #[serde(rename = "2019")]
    Of2019,
}

/// One job: one run of a task.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The job's own id, which Treeherder calls its guid.
    pub task_id: String,
    pub retry_id: RunId,
    pub is_retried: bool,
    pub build_system: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    pub origin: Origin,
    pub display: Display,
    pub state: JobState,
    pub result: JobResult,
    pub tier: u8,
    pub job_kind: JobKind,
    pub reason: String,
    pub labels: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    #[serde(with = "wire")]
    pub time_scheduled: Timestamp,
    #[serde(with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub time_started: Option<Timestamp>,
    #[serde(with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub time_completed: Option<Timestamp>,
    pub build_machine: BuildMachine,
    pub job_info: JobInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<Log>>,
    pub version: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Origin {
    Present {
        project: String,
        revision: String,
        id: i64,
    },
    #[serde(rename_all = "camelCase")]
    Mercurial {
        kind: &'static str,
        project: String,
        revision: String,
        #[serde(rename = "pushLogID", skip_serializing_if = "Option::is_none")]
        push_log_id: Option<i64>,
    },
    #[serde(rename_all = "camelCase")]
    GitHub {
        kind: &'static str,
        owner: String,
        project: String,
        revision: String,
        #[serde(rename = "pullRequestID", skip_serializing_if = "Option::is_none")]
        pull_request_id: Option<i64>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Display {
    pub job_symbol: String,
    pub group_symbol: String,
    pub job_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildMachine {
    pub name: String,
    pub platform: String,
    pub os: String,
    pub architecture: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobInfo {
    pub summary: String,
    pub links: Vec<Link>,
}

/// A message that has passed its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobMessage {
    pub routing_key: String,
    /// JSON.
    pub body: Vec<u8>,
}

/// Also for what Buildbot ran: its builds are runs of tasks.
const BUILD_SYSTEM: &str = "taskcluster";
const UNKNOWN_MACHINE: &str = "unknown";
const LONGEST_MACHINE: usize = 50;
const LONGEST_OWNER: usize = 50;
/// Longest destination and project in a routing key.
const LONGEST_WORD_OF_2019: usize = 25;

impl Dialect {
    const fn schema(self) -> &'static str {
        match self {
            Self::Present => "job-message",
            Self::Of2019 => "job-message-2019",
        }
    }

    /// One less than the schema allows, as every reporter has done.
    const fn longest_name(self) -> usize {
        match self {
            Self::Present => 139,
            Self::Of2019 => 99,
        }
    }

    const fn longest_group_name(self) -> usize {
        match self {
            Self::Present => 255,
            Self::Of2019 => 100,
        }
    }
}

impl Job {
    /// Without links, logs and the times of the run.
    pub(super) fn new(
        (task, config): (&ReportedTask, &JobConfig),
        destination: &Destination,
        (run_id, outcome): (RunId, Outcome),
        dialect: Dialect,
    ) -> Self {
        let machine = &config.machine;
        Self {
            task_id: guid(task.task_id, run_id),
            retry_id: run_id,
            is_retried: outcome.is_retried,
            build_system: BUILD_SYSTEM,
            owner: Some(cut(&task.owner, LONGEST_OWNER).to_owned()).filter(|owner| !owner.is_empty()),
            origin: Origin::of(destination, dialect),
            display: Display {
                job_symbol: config.symbol.clone(),
                group_symbol: config.group_symbol.clone(),
                job_name: cut(&task.name, dialect.longest_name()).to_owned(),
                group_name: config.group_name.as_deref().map(|name| cut(name, dialect.longest_group_name()).to_owned()),
            },
            state: outcome.state,
            result: outcome.result,
            tier: config.tier,
            job_kind: config.job_kind,
            reason: config.reason.clone(),
            labels: config.labels.clone(),
            product_name: config.product_name.clone(),
            time_scheduled: task.created,
            time_started: None,
            time_completed: None,
            build_machine: BuildMachine {
                name: UNKNOWN_MACHINE.to_owned(),
                platform: machine.platform.clone(),
                os: machine.os.clone(),
                architecture: machine.architecture.clone(),
            },
            job_info: JobInfo { summary: task.description.clone(), links: Vec::new() },
            logs: None,
            version: 1,
        }
    }

    /// A worker whose id Treeherder does not accept stays unknown.
    pub(super) fn on_machine_of(&mut self, run: &RunStatus) -> Option<Problem> {
        let worker_id = run.worker_id.as_ref()?;
        let fits = (1..=LONGEST_MACHINE).contains(&worker_id.len()) && worker_id.bytes().all(is_name_byte);
        if !fits {
            return Some(Problem::Worker(worker_id.clone()));
        }
        self.build_machine.name.clone_from(worker_id);
        None
    }

    /// The message, or the violations of its schema.
    pub fn message(&self, destination: &Destination, dialect: Dialect) -> Result<JobMessage, Problem> {
        let value = serde_json::to_value(self).map_err(|error| Problem::Unreadable(error.to_string()))?;
        schema::check("treeherder", dialect.schema(), &value).map_err(Problem::Message)?;
        Ok(JobMessage { routing_key: routing_key(destination, dialect)?, body: value.to_string().into_bytes() })
    }
}

impl Origin {
    fn of(destination: &Destination, dialect: Dialect) -> Self {
        let Destination { owner, project, revision, push_id, .. } = destination.clone();
        match (dialect, owner) {
            (Dialect::Present, _) => Self::Present { project, revision, id: push_id.unwrap_or(0) },
            (Dialect::Of2019, None) => {
                Self::Mercurial { kind: "hg.mozilla.org", project, revision, push_log_id: push_id }
            }
            (Dialect::Of2019, Some(owner)) => {
                Self::GitHub { kind: "github.com", owner, project, revision, pull_request_id: push_id }
            }
        }
    }
}

/// The task's UUID in its usual spelling, and the run.
fn guid(task_id: TaskId, run_id: RunId) -> String {
    format!("{}/{run_id}", task_id.0.hyphenated())
}

/// `<prefix>.<project>._`; the last word is kept free for later.
fn routing_key(destination: &Destination, dialect: Dialect) -> Result<String, Problem> {
    let Destination { prefix, project, .. } = destination;
    let too_long = |word: &&String| dialect == Dialect::Of2019 && word.len() > LONGEST_WORD_OF_2019;
    match [prefix, project].into_iter().find(too_long) {
        Some(word) => Err(Problem::KeyOf2019(word.clone())),
        None => Ok(format!("{prefix}.{project}._")),
    }
}
