//! Submitting a graph so that a repeat, wherever the first attempt was interrupted, gives the same graph and never a second one.

use std::collections::BTreeMap;

use protocol::{
    id::TaskId,
    time::{self, Timestamp},
};
use serde_json::{Value, json};

use super::graph::{GraphDefinition, Plan, PlannedTask, SubmitOptions};
use crate::{
    client::Server,
    exit::{CliError, Exit},
};

/// A graph that the server has.
pub(super) struct Submitted {
    pub(super) plan: Plan,
    /// It had been submitted before, with the same key.
    pub(super) is_repeat: bool,
}

/// The server identifies a graph by its submit key and, times apart, by its content; a repeat is answered with the
/// stored graph. Times inside of payloads count as content: then the stored tasks say when they were created, and all
/// relative times follow from that. The client keeps no state.
pub(super) async fn submit(
    server: &Server,
    graph: &GraphDefinition,
    options: &SubmitOptions,
    now: Timestamp,
) -> Result<Submitted, CliError> {
    let plan = plan(graph, options, now)?;
    let tasks: Vec<Value> = plan.tasks.iter().map(PlannedTask::to_value).collect();
    match server.submit(options.key.as_str(), &tasks).await {
        Ok(answer) => {
            let is_repeat = is_older(&answer, &plan);
            Ok(Submitted { plan, is_repeat })
        }
        Err(error) if error.is_conflict() => match adopt(server, graph, options, &plan).await? {
            Some(known) => Ok(Submitted { plan: known, is_repeat: true }),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The stored graph has another deadline than the one that was sent.
fn is_older(answer: &Value, plan: &Plan) -> bool {
    let first = plan.tasks.first();
    first.is_some_and(|first| answer["tasks"][0]["status"]["deadline"] != first.task["deadline"])
}

pub(super) fn plan(graph: &GraphDefinition, options: &SubmitOptions, now: Timestamp) -> Result<Plan, CliError> {
    graph.plan(options, now).map_err(|error| CliError::new(Exit::Usage, error))
}

/// The plan of the stored graph, or `None` when there is none. One with other tasks is refused.
async fn adopt(
    server: &Server,
    graph: &GraphDefinition,
    options: &SubmitOptions,
    fresh: &Plan,
) -> Result<Option<Plan>, CliError> {
    let Some(first) = fresh.tasks.first() else { return Ok(None) };
    let created = match server.definition(first.task_id).await {
        Ok(stored) => stored["created"].as_str().and_then(time::parse),
        // A client that may not read tasks gets the conflict itself.
        Err(error) if matches!(error.status(), Some(403 | 404)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(created) = created else { return Ok(None) };
    // As of the first submission: a deadline that has passed since is no error.
    let known = plan(graph, options, created)?;
    let ids: Vec<TaskId> = known.tasks.iter().map(|it| it.task_id).collect();
    let stored = definitions(server, &ids).await?;
    for planned in &known.tasks {
        let differs = match stored.get(&planned.task_id) {
            None => Some("is not part of it".to_owned()),
            Some(stored) => difference(&planned.task, stored).map(|field| format!("differs in `{field}`")),
        };
        if let Some(difference) = differs {
            let message = format!(
                "the submit key `{}` was used before, for another graph: task `{}` {difference}; choose another key",
                options.key, planned.name
            );
            return Err(CliError::new(Exit::Refused, message));
        }
    }
    Ok(Some(known))
}

async fn definitions(server: &Server, ids: &[TaskId]) -> Result<BTreeMap<TaskId, Value>, CliError> {
    const MAX_IDS: usize = 1000;
    let mut found = BTreeMap::new();
    for some in ids.chunks(MAX_IDS) {
        let page: Value = server.0.post("queue/v1/tasks", &json!({ "taskIds": some })).await?;
        for entry in page["tasks"].as_array().into_iter().flatten() {
            if let Some(id) = entry["taskId"].as_str().and_then(|id| id.parse().ok()) {
                found.insert(id, entry["task"].clone());
            }
        }
    }
    Ok(found)
}

/// The first field that differs between the planned and the stored task. The priority may have been changed since.
fn difference(planned: &Value, stored: &Value) -> Option<String> {
    let fields = planned.as_object()?;
    let differs = |(field, value): &(&String, &Value)| *field != "priority" && stored.get(field) != Some(value);
    fields.iter().find(differs).map(|(field, _)| field.clone())
}
