//! A whole task group in one response, in columns: `groupSnapshot`.
//!
//! Twenty thousand tasks are two megabytes so, a tenth of the same as a list of objects.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::{
    id::{TaskGroupId, TaskId},
    time::{Timestamp, wire, wire_option},
};

/// The group, and its tasks as they were at a position of the event log or a little later.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupSnapshot {
    /// The position of the event log from which on events are news to the reader.
    pub at: i64,
    pub group: SnapshotGroup,
    /// What columns refer to by index.
    pub strings: Vec<String>,
    pub tasks: TaskColumns,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotGroup {
    pub task_group_id: TaskGroupId,
    pub scheduler_id: String,
    #[serde(with = "wire_option", skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Timestamp>,
    #[serde(with = "wire")]
    pub expires: Timestamp,
    /// When the first task was; the zero of all times in the columns.
    #[serde(with = "wire")]
    pub created: Timestamp,
}

/// All columns have the same length. Times are seconds, -1 for none; `queue`, the names of tags and their values are indexes
/// of `strings`; `deps` are rows of this group.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TaskColumns {
    pub id: Vec<TaskId>,
    pub name: Vec<String>,
    pub state: Vec<i16>,
    /// Code of the reason a task was resolved for, or -1.
    pub reason: Vec<i16>,
    pub queue: Vec<u32>,
    pub priority: Vec<i16>,
    pub runs: Vec<i16>,
    pub created: Vec<f64>,
    pub scheduled: Vec<f64>,
    pub started: Vec<f64>,
    pub resolved: Vec<f64>,
    pub tags: Vec<Vec<u32>>,
    pub deps: Vec<Vec<u32>>,
}

/// One task, before it is put into columns.
#[derive(Debug, Clone)]
pub struct SnapshotTask {
    pub id: TaskId,
    pub state: i16,
    pub reason: Option<i16>,
    pub priority: i16,
    pub runs: i16,
    pub task_queue_id: String,
    pub scheduled: Option<Timestamp>,
    pub started: Option<Timestamp>,
    pub resolved: Option<Timestamp>,
    /// Canonical JSON.
    pub definition: String,
}

/// What is shown of a definition.
#[derive(Deserialize)]
struct Shown {
    #[serde(with = "wire")]
    created: Timestamp,
    metadata: ShownMetadata,
    #[serde(default)]
    tags: HashMap<String, String>,
    #[serde(default)]
    dependencies: Vec<TaskId>,
}

#[derive(Deserialize)]
struct ShownMetadata {
    name: String,
}

/// Collects tasks one by one, so that no two definitions are in memory at once.
#[derive(Default)]
pub struct SnapshotBuilder {
    strings: Strings,
    columns: TaskColumns,
    /// By column, until the earliest is known.
    times: [Vec<Option<Timestamp>>; 4],
    dependencies: Vec<Vec<TaskId>>,
}

/// Longer names are cut: a group page shows the beginning of one, and its task page all of it.
const MAX_NAME: usize = 400;

impl SnapshotBuilder {
    /// A definition that cannot be read leaves the task without name, tags and dependencies.
    pub fn push(&mut self, task: SnapshotTask) {
        let SnapshotTask { id, definition, scheduled, started, resolved, .. } = task;
        let shown: Option<Shown> = serde_json::from_str(&definition).ok();
        let created = shown.as_ref().map(|shown| shown.created);
        for (column, time) in self.times.iter_mut().zip([created, scheduled, started, resolved]) {
            column.push(time);
        }
        let columns = &mut self.columns;
        columns.id.push(id);
        columns.state.push(task.state);
        columns.reason.push(task.reason.unwrap_or(-1));
        columns.queue.push(self.strings.index(&task.task_queue_id));
        columns.priority.push(task.priority);
        columns.runs.push(task.runs);
        let (name, tags, dependencies) =
            shown.map_or_else(Default::default, |it| (it.metadata.name, it.tags, it.dependencies));
        columns.name.push(beginning(name));
        let mut tags: Vec<_> = tags.into_iter().collect();
        tags.sort_unstable();
        columns
            .tags
            .push(tags.iter().flat_map(|(key, value)| [self.strings.index(key), self.strings.index(value)]).collect());
        self.dependencies.push(dependencies);
    }

    /// The whole, with dependencies inside the group.
    pub fn finish(self, at: i64, group: impl FnOnce(Timestamp) -> SnapshotGroup) -> GroupSnapshot {
        let Self { strings, mut columns, times, dependencies } = self;
        let created = times.iter().flatten().flatten().min().copied().unwrap_or_default();
        let since = |time: Option<Timestamp>| time.map_or(-1.0, |time| seconds(time - created));
        let [t0, t1, t2, t3] = times.map(|column| column.into_iter().map(since).collect());
        (columns.created, columns.scheduled, columns.started, columns.resolved) = (t0, t1, t2, t3);
        let rows: HashMap<TaskId, u32> = columns.id.iter().copied().zip(0..).collect();
        let inside = |ids: Vec<TaskId>| ids.iter().filter_map(|id| rows.get(id).copied()).collect();
        columns.deps = dependencies.into_iter().map(inside).collect();
        GroupSnapshot { at, group: group(created), strings: strings.list, tasks: columns }
    }
}

/// To a tenth.
fn seconds(time: TimeDelta) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "tenths of seconds of many years are exact in a double")]
    let tenths = (time.num_milliseconds() / 100) as f64;
    tenths / 10.0
}

fn beginning(mut name: String) -> String {
    let cut = name.char_indices().map(|(at, _)| at).find(|at| *at >= MAX_NAME);
    name.truncate(cut.unwrap_or(name.len()));
    name
}

#[derive(Default)]
struct Strings {
    list: Vec<String>,
    indexes: HashMap<String, u32>,
}

impl Strings {
    fn index(&mut self, text: &str) -> u32 {
        if let Some(index) = self.indexes.get(text) {
            return *index;
        }
        let index = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(text.to_owned());
        self.indexes.insert(text.to_owned(), index);
        index
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::time::parse;

    fn id(last: u8) -> TaskId {
        TaskId::from_random([[1; 15].as_slice(), &[last]].concat().try_into().unwrap())
    }

    fn task(last: u8, definition: &str) -> SnapshotTask {
        SnapshotTask {
            id: id(last),
            state: 1,
            reason: None,
            priority: 2,
            runs: 1,
            task_queue_id: "p/w".to_owned(),
            scheduled: parse("2026-01-01T00:00:02.250Z"),
            started: None,
            resolved: None,
            definition: definition.to_owned(),
        }
    }

    fn definition(name: &str, dependencies: &[TaskId]) -> String {
        json!({
            "created": "2026-01-01T00:00:00.000Z", "metadata": { "name": name, "owner": "o" },
            "tags": { "kind": "build" }, "dependencies": dependencies,
        })
        .to_string()
    }

    fn finished(builder: SnapshotBuilder) -> serde_json::Value {
        let group = |created| SnapshotGroup {
            task_group_id: id(0).into(),
            scheduler_id: "s".to_owned(),
            sealed: None,
            expires: created,
            created,
        };
        serde_json::to_value(builder.finish(7, group)).unwrap()
    }

    #[test]
    fn tasks_become_columns_that_share_their_strings() {
        let mut builder = SnapshotBuilder::default();
        builder.push(task(1, &definition("a", &[])));
        builder.push(task(2, &definition("b", &[id(1), id(9)])));
        let snapshot = finished(builder);
        assert_eq!(snapshot["strings"], json!(["p/w", "kind", "build"]));
        let tasks = &snapshot["tasks"];
        assert_eq!((&tasks["name"], &tasks["tags"]), (&json!(["a", "b"]), &json!([[1, 2], [1, 2]])));
        assert_eq!(tasks["deps"], json!([[], [0]]), "the other one is outside of the group");
        assert_eq!((&tasks["scheduled"], &tasks["started"]), (&json!([2.2, 2.2]), &json!([-1.0, -1.0])));
        assert_eq!((&snapshot["at"], &snapshot["group"]["created"]), (&json!(7), &json!("2026-01-01T00:00:00.000Z")));
    }

    #[test]
    fn a_definition_that_cannot_be_read_hides_no_other_task() {
        let mut builder = SnapshotBuilder::default();
        builder.push(task(1, "{"));
        builder.push(task(2, &definition(&"ü".repeat(500), &[])));
        let snapshot = finished(builder);
        assert_eq!(snapshot["tasks"]["id"], json!([id(1), id(2)]));
        assert_eq!(snapshot["tasks"]["name"], json!(["", "ü".repeat(200)]));
    }
}
