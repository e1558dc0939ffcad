//! The graph of a push, in the artifacts of its decision task: which tasks there could be, and which of them there are.
//! Pure, and not for an async thread: the files can be long.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use protocol::id::TaskId;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::{
    super::{ActionError, Result},
    push::Push,
};
use crate::queue::types::NewTask;

pub(super) const FULL_GRAPH: &str = "public/full-task-graph.json";
pub(super) const TASK_IDS: &str = "public/label-to-taskid.json";
/// A push gets no more tasks for one that it lacks.
const MAX_TASKS: usize = 100;

/// What becomes of a push.
pub(super) enum Plan {
    /// Tasks, by their labels.
    Make(Vec<(String, NewTask)>),
    /// Nothing, and why.
    Nothing(&'static str),
}

/// An entry of a graph. What else it has is not read.
#[derive(Deserialize)]
struct Edges {
    /// Labels by the names that the task has for them.
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Node {
    task: Value,
}

struct Graph {
    edges: BTreeMap<String, BTreeMap<String, String>>,
    /// Tasks of the push, or of an earlier one in their place.
    there: BTreeMap<String, TaskId>,
}

/// The task of a label in a push that lacks it, and what it depends on as far as there is none yet.
pub(super) fn plan(full_graph: &[u8], task_ids: &[u8], push: &Push, label: &str) -> Result<Plan> {
    let mut there: BTreeMap<String, TaskId> = read(TASK_IDS, serde_json::from_slice(task_ids))?;
    if there.contains_key(label) {
        return Ok(Plan::Nothing("it has the task, or one of another push in its place"));
    }
    for (label, task_id) in &push.present {
        there.entry(label.clone()).or_insert(*task_id);
    }
    let edges: BTreeMap<String, Edges> = read(FULL_GRAPH, serde_json::from_slice(full_graph))?;
    let edges = edges.into_iter().map(|(label, node)| (label, node.dependencies)).collect();
    let graph = Graph { edges, there };
    if !graph.edges.contains_key(label) {
        return Ok(Plan::Nothing("its graph has no such task"));
    }
    let missing = graph.missing(label)?;
    let nodes = read(FULL_GRAPH, nodes(full_graph, &missing))?;
    let make = |(label, Node { task }): (String, Node)| {
        let task = push.task(&label, task, &graph.dependencies(push, &label), graph.is_first(&label))?;
        Ok((label, task))
    };
    nodes.into_iter().map(make).collect::<Result<_>>().map(Plan::Make)
}

impl Graph {
    fn missing(&self, label: &str) -> Result<BTreeSet<String>> {
        let (mut found, mut left) = (BTreeSet::new(), vec![label]);
        while let Some(label) = left.pop() {
            if self.there.contains_key(label) || found.contains(label) {
                continue;
            }
            let Some(dependencies) = self.edges.get(label) else {
                return Err(ActionError::Input(format!("{FULL_GRAPH} has no task `{label}`, which others depend on")));
            };
            found.insert(label.to_owned());
            left.extend(dependencies.values().map(String::as_str));
            if found.len() > MAX_TASKS {
                let words = format!("a push may lack {MAX_TASKS} tasks that this one depends on; it lacks more");
                return Err(ActionError::Input(words));
            }
        }
        Ok(found)
    }

    fn dependencies(&self, push: &Push, label: &str) -> BTreeMap<String, TaskId> {
        let id = |label: &String| self.there.get(label).copied().unwrap_or_else(|| push.id(label));
        self.edges[label].iter().map(|(edge, label)| (edge.clone(), id(label))).collect()
    }

    /// Whether nothing that is made with it stands between it and its decision task.
    fn is_first(&self, label: &str) -> bool {
        self.edges[label].values().all(|label| self.there.contains_key(label))
    }
}

fn read<T>(name: &str, parsed: serde_json::Result<T>) -> Result<T> {
    parsed.map_err(|error| ActionError::Input(format!("{name} cannot be read: {error}")))
}

/// These entries of a graph; the others are not kept.
fn nodes(full_graph: &[u8], wanted: &BTreeSet<String>) -> serde_json::Result<BTreeMap<String, Node>> {
    serde_json::Deserializer::from_slice(full_graph).deserialize_map(Wanted(wanted))
}

struct Wanted<'a>(&'a BTreeSet<String>);

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = BTreeMap<String, Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tasks by label")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut nodes = BTreeMap::new();
        while let Some(label) = map.next_key::<String>()? {
            if self.0.contains(&label) {
                nodes.insert(label, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(nodes)
    }
}
