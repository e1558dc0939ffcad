//! `backfill`: the same task on the pushes before its own that do not have it, so that it shows which of them broke it.
//!
//! A push is a decision task that the index has under its revision, as those of taskgraph are:
//! `index.<project>.revision.<revision>.<name>`. What a push's task is made of is in the artifacts of its decision task, since it may have been
//! another one then; tasks that it depends on and that the push does not have are made with it.
//!
//! Nobody has checked these artifacts: whoever ran the decision task wrote them. So a push is given no task that its decision task could not have
//! made, whatever the action itself may do.

mod graph;
mod push;
mod pushes;
mod references;

use std::collections::BTreeMap;

use protocol::id::{TaskGroupId, TaskId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{ActionError, Caller, Record, Request, Result, derived, downstream::MOST};
use crate::queue::types::NewTask;
use graph::{FULL_GRAPH, Plan, TASK_IDS, plan};
use push::Push;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Input {
    /// How many pushes, at most.
    depth: usize,
}

impl Default for Input {
    fn default() -> Self {
        Self { depth: 9 }
    }
}

const MAX_PUSHES: usize = 100;
/// Longer files are not read.
const MAX_GRAPH_BYTES: u64 = 128 * 1024 * 1024;
const MAX_IDS_BYTES: u64 = 16 * 1024 * 1024;

pub(super) async fn run(caller: &Caller<'_>, request: &Request, record: &mut Record<'_>) -> Result<()> {
    let (target, Input { depth }) = (request.target()?, input(request.payload.input.as_ref())?);
    let definition = caller.definition(target).await?;
    let label = definition.metadata.name;
    let earlier = pushes::before(caller, definition.task_group_id, depth).await?;
    record.line(&format!("{} pushes before that of the task {target}, `{label}`", earlier.len()));
    let (mut created, mut skipped, mut tasks) = (Vec::new(), Vec::new(), 0);
    for push in earlier {
        // One push that nothing can be made of says nothing about the others.
        let outcome = match on_push(caller, request, push, &label, MOST - tasks).await {
            Err(error) if error.is_of_target() => Outcome::Not(error.to_string()),
            outcome => outcome?,
        };
        match outcome {
            Outcome::Made(made) => {
                tasks += made.len();
                for (label, task_id) in &made {
                    record.line(&format!("task {task_id} is made in the group {push}: `{label}`"));
                }
                created.push(json!({ "taskGroupId": push, "taskId": made.get(&label), "tasks": made }));
            }
            Outcome::Not(reason) => {
                record.line(&format!("nothing is made in the group {push}: {reason}"));
                skipped.push(json!({ "taskGroupId": push, "reason": reason }));
            }
        }
    }
    record.result(json!({ "taskId": target, "created": created, "skipped": skipped }));
    Ok(())
}

fn input(given: Option<&Value>) -> Result<Input> {
    let Some(given) = given.filter(|given| !given.is_null()) else { return Ok(Input::default()) };
    let input: Input = serde_json::from_value(given.clone())
        .map_err(|error| ActionError::Input(format!("`input` must be that of a backfill: {error}")))?;
    if !(1..=MAX_PUSHES).contains(&input.depth) {
        return Err(ActionError::Input(format!("`input/depth` must be 1 to {MAX_PUSHES}; got {}", input.depth)));
    }
    Ok(input)
}

enum Outcome {
    /// By label.
    Made(BTreeMap<String, TaskId>),
    /// And why.
    Not(String),
}

/// What was made by a run of this action that was lost is found again: its ids follow from that of the action.
async fn on_push(
    caller: &Caller<'_>,
    request: &Request,
    decision_task: TaskId,
    label: &str,
    max_tasks: usize,
) -> Result<Outcome> {
    let id = |label: &str| derived(request.task_id, decision_task, label);
    let (own, present) = caller.labels(TaskGroupId(decision_task.0), id).await?;
    if !own.is_empty() {
        // All of them, as they were made at once: what the group has got since then changes nothing.
        return Ok(Outcome::Made(own));
    }
    if present.contains_key(label) {
        return Ok(Outcome::Not("it has the task".to_owned()));
    }
    let decision = caller.definition(decision_task).await?;
    let push = Push {
        action: request.task_id,
        decision_task,
        scheduler_id: decision.scheduler_id,
        created: request.created,
        root_url: caller.actions.root_url.clone(),
        limits: caller.actions.limits,
        present,
    };
    let tasks = match read_and_plan(caller, push, label).await? {
        Plan::Make(tasks) => tasks,
        Plan::Nothing(reason) => return Ok(Outcome::Not(reason.to_owned())),
    };
    let made = tasks.iter().map(|(label, task)| (label.clone(), task.task_id)).collect();
    let tasks: Vec<NewTask> = tasks.into_iter().map(|(_, task)| task).collect();
    if tasks.len() > max_tasks {
        return Ok(Outcome::Not(format!("an action makes at most {MOST} tasks; it would make more")));
    }
    if let Some(missing) = caller.beyond(&decision.scopes, &tasks)? {
        return Ok(Outcome::Not(format!("its decision task could not have made what it asks for; it lacks {missing}")));
    }
    caller.create(format!("built-in/action/{}/{decision_task}", request.task_id), tasks).await?;
    Ok(Outcome::Made(made))
}

/// One push at a time in each process: its files can be long, and are held in memory.
async fn read_and_plan(caller: &Caller<'_>, push: Push, label: &str) -> Result<Plan> {
    let permit = caller.actions.large_files.permit().await;
    let files = (
        caller.artifact(push.decision_task, FULL_GRAPH, MAX_GRAPH_BYTES).await?,
        caller.artifact(push.decision_task, TASK_IDS, MAX_IDS_BYTES).await?,
    );
    let (Some(full_graph), Some(task_ids)) = files else {
        return Ok(Plan::Nothing("its decision task has no graph of taskgraph"));
    };
    let label = label.to_owned();
    // Held until the work ends, not until it is given up.
    let planned = spawn_blocking(move || {
        let plan = plan(&full_graph, &task_ids, &push, &label);
        drop((full_graph, task_ids, permit));
        plan
    });
    planned.await.unwrap_or_else(|panic| Err(ActionError::Input(panic.to_string())))
}
