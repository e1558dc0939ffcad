//! Sending a graph so that a repeat, whenever the first try died, gives the same graph and never a second one.

use std::collections::BTreeMap;

use protocol::{
    id::TaskId,
    time::{self, Timestamp},
};
use serde_json::{Value, json};

use super::graph::{Draft, Plan, Planned, Wishes};
use crate::{
    client::Server,
    exit::{CliError, Exit},
};

/// What became of a submission.
pub(super) struct Submitted {
    pub(super) plan: Plan,
    /// It had been submitted before, with the same key.
    pub(super) was_there: bool,
}

/// The server knows a graph by its submit key and, times apart, by its content; a repeat is answered with what is
/// there. Times inside of payloads count as content: then the tasks that are there tell when they were created, and
/// all relative times follow from that. No note of ours has to survive.
pub(super) async fn submit(
    server: &Server,
    draft: &Draft,
    wishes: &Wishes,
    now: Timestamp,
) -> Result<Submitted, CliError> {
    let plan = plan(draft, wishes, now)?;
    let tasks: Vec<Value> = plan.tasks.iter().map(Planned::to_value).collect();
    match server.submit(wishes.key.as_str(), &tasks).await {
        Ok(answer) => {
            let was_there = is_older(&answer, &plan);
            Ok(Submitted { plan, was_there })
        }
        Err(error) if error.is_conflict() => match adopt(server, draft, wishes, &plan).await? {
            Some(known) => Ok(Submitted { plan: known, was_there: true }),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// What is there has another deadline than what was sent.
fn is_older(answer: &Value, plan: &Plan) -> bool {
    let first = plan.tasks.first();
    first.is_some_and(|first| answer["tasks"][0]["status"]["deadline"] != first.task["deadline"])
}

pub(super) fn plan(draft: &Draft, wishes: &Wishes, now: Timestamp) -> Result<Plan, CliError> {
    draft.plan(wishes, now).map_err(|faults| CliError::new(Exit::Usage, faults))
}

/// The plan of the graph that is there, or `None` when there is none. One with other tasks is refused.
async fn adopt(server: &Server, draft: &Draft, wishes: &Wishes, fresh: &Plan) -> Result<Option<Plan>, CliError> {
    let Some(first) = fresh.tasks.first() else { return Ok(None) };
    let created = match server.definition(first.task_id).await {
        Ok(stored) => stored["created"].as_str().and_then(time::parse),
        // Whoever may not read tasks is told of the conflict itself.
        Err(error) if matches!(error.status(), Some(403 | 404)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(created) = created else { return Ok(None) };
    // Judged at the time of the first submission, a deadline that has passed since is none of our business.
    let known = plan(draft, wishes, created)?;
    let ids: Vec<TaskId> = known.tasks.iter().map(|it| it.task_id).collect();
    let stored = definitions(server, &ids).await?;
    for planned in &known.tasks {
        let differs = match stored.get(&planned.task_id) {
            None => Some("is not part of it".to_owned()),
            Some(stored) => difference(&planned.task, stored).map(|field| format!("differs in `{field}`")),
        };
        if let Some(words) = differs {
            let words = format!(
                "the submit key `{}` was used before, for another graph: task `{}` {words}; choose another key",
                wishes.key, planned.name
            );
            return Err(CliError::new(Exit::Refused, words));
        }
    }
    Ok(Some(known))
}

async fn definitions(server: &Server, ids: &[TaskId]) -> Result<BTreeMap<TaskId, Value>, CliError> {
    const AT_ONCE: usize = 1000;
    let mut found = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        let page: Value = server.0.post("queue/v1/tasks", &json!({ "taskIds": some })).await?;
        for entry in page["tasks"].as_array().into_iter().flatten() {
            if let Some(id) = entry["taskId"].as_str().and_then(|id| id.parse().ok()) {
                found.insert(id, entry["task"].clone());
            }
        }
    }
    Ok(found)
}

/// The first field that we would send and that the server has otherwise. The priority may have been changed since.
fn difference(ours: &Value, stored: &Value) -> Option<String> {
    let fields = ours.as_object()?;
    let differs = |(field, value): &(&String, &Value)| *field != "priority" && stored.get(field) != Some(value);
    fields.iter().find(differs).map(|(field, _)| field.clone())
}
