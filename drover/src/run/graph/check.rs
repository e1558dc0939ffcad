//! Finding faults before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    id::TaskId,
    schema,
    time::{self, Timestamp},
};
use serde_json::Value;

use super::{Planned, payload};

/// The faults of one definition: the field, and what is wrong with it.
pub(super) fn definition(task: &Value, now: Timestamp) -> Vec<(String, String)> {
    let mut filled = task.clone();
    let faults = schema::validate_input("queue", "create-task-request", &mut filled).err().unwrap_or_default();
    if !faults.is_empty() {
        let words = |fault: &schema::Fault| format!("must {}; got {}", fault.expected, fault.came);
        return faults.iter().map(|fault| (dotted(&fault.pointer), words(fault))).collect();
    }
    let mut faults = dates(task, now);
    faults.extend(payload::faults(task));
    faults
}

fn dates(task: &Value, now: Timestamp) -> Vec<(String, String)> {
    let date = |field: &str| task.get(field).and_then(Value::as_str).and_then(time::parse);
    let (Some(created), Some(deadline)) = (date("created"), date("deadline")) else {
        return vec![("deadline".to_owned(), "must be a date and time".to_owned())];
    };
    let mut faults = Vec::new();
    let mut fault = |field: &str, words: &str| faults.push((field.to_owned(), words.to_owned()));
    if deadline < created || deadline < now {
        fault("deadline", "must not be before the task is created");
    }
    // How far ahead it may be is the server's to say.
    if date("expires").is_some_and(|expires| expires < deadline) {
        fault("expires", "must not be before the deadline");
    }
    faults
}

/// A ring of tasks that wait for each other, written as a path.
pub(super) fn cycle(tasks: &[Planned]) -> Option<String> {
    let names: BTreeMap<TaskId, &str> = tasks.iter().map(|it| (it.task_id, it.name.as_str())).collect();
    let waits_on: BTreeMap<TaskId, BTreeSet<TaskId>> = tasks
        .iter()
        .map(|it| (it.task_id, dependencies(&it.task).filter(|id| names.contains_key(id)).collect()))
        .collect();
    let stuck = never_free(&waits_on);
    let mut at = *stuck.first()?;
    let mut path = Vec::new();
    while !path.contains(&at) {
        path.push(at);
        at = *waits_on.get(&at)?.iter().find(|id| stuck.contains(id))?;
    }
    let start = path.iter().position(|id| *id == at)?;
    let ring = path[start..].iter().chain([&at]).filter_map(|id| names.get(id).copied());
    Some(ring.collect::<Vec<_>>().join(" → "))
}

/// Takes away all that waits for nothing, again and again, and returns what is left: rings, and what waits for them.
fn never_free(waits_on: &BTreeMap<TaskId, BTreeSet<TaskId>>) -> BTreeSet<TaskId> {
    let mut dependents: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for (id, on) in waits_on {
        for other in on {
            dependents.entry(*other).or_default().push(*id);
        }
    }
    let mut left: BTreeMap<TaskId, usize> = waits_on.iter().map(|(id, on)| (*id, on.len())).collect();
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
    let written = task.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    written.filter_map(|id| id.as_str()?.parse().ok())
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}
