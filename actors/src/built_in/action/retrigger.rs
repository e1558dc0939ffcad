//! `retrigger`: the same task once more as a new one, and at will everything that depends on it.

use std::collections::BTreeMap;

use protocol::{
    id::TaskId,
    task::TaskDefinition,
    time::{self, Timestamp},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ActionError, Caller, Record, Request, Result, derived,
    downstream::{check, with_downstream},
};
use crate::queue::types::NewTask;

/// As the action of this name in taskgraph has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Input {
    /// Everything too that depends on the task.
    downstream: bool,
    times: Option<usize>,
}

const MOST_TIMES: usize = 100;

pub(super) async fn run(caller: &Caller<'_>, request: &Request, record: &mut Record<'_>) -> Result<()> {
    let (target, input) = (request.target()?, input(request.payload.input.as_ref())?);
    let definition = caller.definition(target).await?;
    let originals =
        if input.downstream { with_downstream(caller, target, definition).await? } else { vec![(target, definition)] };
    let times = input.times.unwrap_or(1);
    check(originals.len() * times)?;
    let tasks: Vec<NewTask> = (0..times).flat_map(|time| copies(&originals, request, time)).collect();
    let pairs: Vec<(TaskId, TaskId)> =
        tasks.iter().zip(originals.iter().cycle()).map(|(new, (old, _))| (new.task_id, *old)).collect();
    let there = caller.existing(pairs.iter().map(|(made, _)| *made).collect()).await?;
    if there.is_empty() {
        caller.create(format!("built-in/action/{}", request.task_id), tasks).await?;
    }
    // A run of this action that was lost made all at once: what depends on the task since then is not made any more.
    let is_made = |made: &TaskId| there.is_empty() || there.contains(made);
    let made: Vec<Value> = pairs
        .iter()
        .filter(|(made, _)| is_made(made))
        .map(|(made, old)| json!({ "taskId": made, "from": old }))
        .collect();
    for pair in &made {
        let [made, from] = ["taskId", "from"].map(|field| pair[field].as_str().unwrap_or_default());
        record.line(&format!("task {made} is made from task {from}"));
    }
    record.result(json!({ "taskId": target, "created": made }));
    Ok(())
}

fn input(given: Option<&Value>) -> Result<Input> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(Input::default()) };
    let input: Input = serde_json::from_value(given.clone())
        .map_err(|error| ActionError::Input(format!("`input` must be that of a retrigger: {error}")))?;
    match input.times {
        Some(times) if !(1..=MOST_TIMES).contains(&times) => {
            Err(ActionError::Input(format!("`input/times` must be 1 to {MOST_TIMES}; got {times}")))
        }
        _ => Ok(input),
    }
}

/// The same tasks under new ids, which depend on each other as those did.
fn copies(originals: &[(TaskId, TaskDefinition)], request: &Request, time: usize) -> Vec<NewTask> {
    let ids: BTreeMap<TaskId, TaskId> =
        originals.iter().map(|(old, _)| (*old, derived(request.task_id, *old, &time.to_string()))).collect();
    let copy = |(old, definition): &(TaskId, TaskDefinition)| {
        let mut definition = at(definition.clone(), request.created);
        for dependency in &mut definition.dependencies {
            *dependency = *ids.get(dependency).unwrap_or(dependency);
        }
        NewTask { task_id: ids[old], definition }
    };
    originals.iter().map(copy).collect()
}

/// As long to its deadline and its expiry as before.
fn at(mut definition: TaskDefinition, created: Timestamp) -> TaskDefinition {
    let later = created - definition.created;
    let moved = |date: Timestamp| date.checked_add_signed(later).map_or(time::LATEST, time::clamp);
    (definition.deadline, definition.expires) = (moved(definition.deadline), moved(definition.expires));
    definition.created = created;
    definition
}
