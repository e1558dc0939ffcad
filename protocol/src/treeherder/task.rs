//! The definition of a task, as far as a reporter needs it. It never changes, so it can be cached.

use serde::Deserialize;
use serde_json::Value;

use super::{Destination, JobConfig, Problem, destinations};
use crate::{
    id::TaskId,
    task::Metadata,
    time::{Timestamp, wire},
};

/// A task with Treeherder routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedTask {
    pub task_id: TaskId,
    pub created: Timestamp,
    pub name: String,
    pub description: String,
    pub owner: String,
    pub config: Result<JobConfig, Problem>,
    /// One for each prefix that the task has a route of.
    pub destinations: Vec<Result<Destination, Problem>>,
}

/// The part of a stored definition that matters here; payloads may be long.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    #[serde(with = "wire")]
    created: Timestamp,
    metadata: Metadata,
    #[serde(default)]
    routes: Vec<String>,
    #[serde(default)]
    extra: Extra,
    worker_type: String,
}

#[derive(Default, Deserialize)]
struct Extra {
    treeherder: Option<Value>,
}

impl ReportedTask {
    /// From the text of the stored definition.
    pub fn read(task_id: TaskId, definition: &str, prefixes: &[String]) -> Result<Self, Problem> {
        let definition: Definition =
            serde_json::from_str(definition).map_err(|fault| Problem::Unreadable(fault.to_string()))?;
        let Definition { created, metadata, routes, extra, worker_type } = definition;
        Ok(Self {
            task_id,
            created,
            name: metadata.name,
            description: metadata.description,
            owner: metadata.owner,
            config: JobConfig::read(extra.treeherder, &worker_type),
            destinations: destinations(&routes, prefixes),
        })
    }
}
