//! `extra.treeherder`: how a task is to be shown.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Problem;
use crate::schema;

/// `extra.treeherder` of a task, with the defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobConfig {
    pub symbol: String,
    pub group_symbol: String,
    pub group_name: Option<String>,
    pub tier: u8,
    pub job_kind: JobKind,
    pub machine: Machine,
    pub labels: Vec<String>,
    pub product_name: Option<String>,
    pub reason: String,
}

/// What sort of job it is: a failed test is shown otherwise than a failed build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    Build,
    Test,
    Other,
}

/// The kind of machine a job is shown under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    pub platform: String,
    pub os: String,
    pub architecture: String,
}

/// Jobs without a group of their own are in this one.
const NO_GROUP: &str = "?";
const USUAL_LABEL: &str = "opt";
const USUAL_REASON: &str = "scheduled";
const UNTOLD: &str = "-";

/// The fields as they are written. The schema has looked at them before; of a `collection`, an older form, it says nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    symbol: String,
    group_symbol: Option<String>,
    group_name: Option<String>,
    tier: Option<u8>,
    job_kind: Option<JobKind>,
    machine: Option<WrittenMachine>,
    #[serde(default)]
    labels: Vec<String>,
    collection: Option<Value>,
    product_name: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct WrittenMachine {
    platform: String,
    os: Option<String>,
    architecture: Option<String>,
}

impl JobConfig {
    /// `worker_type` is the platform of a task that names none.
    pub(super) fn read(written: Option<Value>, worker_type: &str) -> Result<Self, Problem> {
        let written = written.ok_or(Problem::NoConfig)?;
        schema::check("treeherder", "task-config", &written).map_err(Problem::Config)?;
        let written: Written =
            serde_json::from_value(written).map_err(|fault| Problem::Unreadable(fault.to_string()))?;
        Ok(Self {
            labels: labels(written.labels, written.collection.as_ref()),
            machine: Machine::of(written.machine, worker_type),
            symbol: written.symbol,
            group_symbol: written.group_symbol.unwrap_or_else(|| NO_GROUP.to_owned()),
            group_name: written.group_name,
            tier: written.tier.unwrap_or(1),
            job_kind: written.job_kind.unwrap_or(JobKind::Other),
            product_name: written.product_name,
            reason: written.reason.unwrap_or_else(|| USUAL_REASON.to_owned()),
        })
    }
}

/// The keys of a collection count only where there are no labels.
fn labels(labels: Vec<String>, collection: Option<&Value>) -> Vec<String> {
    if !labels.is_empty() {
        return labels;
    }
    let keys = collection.and_then(Value::as_object).map(Map::keys).into_iter().flatten();
    let keys: Vec<String> = keys.cloned().collect();
    if keys.is_empty() { vec![USUAL_LABEL.to_owned()] } else { keys }
}

impl Machine {
    fn of(written: Option<WrittenMachine>, worker_type: &str) -> Self {
        let untold = || UNTOLD.to_owned();
        match written {
            None => Self { platform: worker_type.to_owned(), os: untold(), architecture: untold() },
            Some(machine) => Self {
                platform: machine.platform,
                os: machine.os.unwrap_or_else(untold),
                architecture: machine.architecture.unwrap_or_else(untold),
            },
        }
    }
}
