//! Finds problems before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    error::FieldError,
    id::TaskId,
    schema,
    time::{self, Timestamp},
};
use serde_json::Value;

use super::{PlannedTask, payload};

/// The problems of one definition: the field, and what is wrong with it.
pub(super) fn definition(task: &Value, now: Timestamp) -> Vec<(String, String)> {
    let mut filled = task.clone();
    let errors = schema::validate_input("queue", "create-task-request", &mut filled).err().unwrap_or_default();
    if !errors.is_empty() {
        let message = |error: &FieldError| format!("must {}; got {}", error.expected, error.got);
        return errors.iter().map(|error| (dotted(&error.pointer), message(error))).collect();
    }
    let mut problems = dates(task, now);
    problems.extend(payload::problems(task));
    problems
}

fn dates(task: &Value, now: Timestamp) -> Vec<(String, String)> {
    let date = |field: &str| task.get(field).and_then(Value::as_str).and_then(time::parse);
    let (Some(created), Some(deadline)) = (date("created"), date("deadline")) else {
        return vec![("deadline".to_owned(), "must be a date and time".to_owned())];
    };
    let mut problems = Vec::new();
    let mut problem = |field: &str, message: &str| problems.push((field.to_owned(), message.to_owned()));
    if deadline < created || deadline < now {
        problem("deadline", "must not be before the task is created");
    }
    // How far ahead it may be is a setting of the server.
    if date("expires").is_some_and(|expires| expires < deadline) {
        problem("expires", "must not be before the deadline");
    }
    problems
}

/// A dependency cycle, written as a path.
pub(super) fn cycle(tasks: &[PlannedTask]) -> Option<String> {
    let names: BTreeMap<TaskId, &str> = tasks.iter().map(|it| (it.task_id, it.name.as_str())).collect();
    let depends_on: BTreeMap<TaskId, BTreeSet<TaskId>> = tasks
        .iter()
        .map(|it| (it.task_id, dependencies(&it.task).filter(|id| names.contains_key(id)).collect()))
        .collect();
    let stuck = not_runnable(&depends_on);
    let mut at = *stuck.first()?;
    let mut path = Vec::new();
    while !path.contains(&at) {
        path.push(at);
        at = *depends_on.get(&at)?.iter().find(|id| stuck.contains(id))?;
    }
    let start = path.iter().position(|id| *id == at)?;
    let cycle = path[start..].iter().chain([&at]).filter_map(|id| names.get(id).copied());
    Some(cycle.collect::<Vec<_>>().join(" → "))
}

/// Removes tasks without open dependencies until none is left, and returns the rest: cycles and their dependents.
fn not_runnable(depends_on: &BTreeMap<TaskId, BTreeSet<TaskId>>) -> BTreeSet<TaskId> {
    let mut dependents: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for (id, on) in depends_on {
        for other in on {
            dependents.entry(*other).or_default().push(*id);
        }
    }
    let mut left: BTreeMap<TaskId, usize> = depends_on.iter().map(|(id, on)| (*id, on.len())).collect();
    let mut free: Vec<TaskId> = left.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        left.remove(&id);
        for dependent in dependents.get(&id).into_iter().flatten() {
            if let Some(count) = left.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    free.push(*dependent);
                }
            }
        }
    }
    left.into_keys().collect()
}

fn dependencies(task: &Value) -> impl Iterator<Item = TaskId> {
    let listed = task.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(|id| id.as_str()?.parse().ok())
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}
