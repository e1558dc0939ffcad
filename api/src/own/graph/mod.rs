//! A whole graph of tasks in one call.

mod request;

use std::{collections::HashSet, sync::Arc};

use actors::queue::{
    TaskLimits, TaskRequest, find_cycle,
    types::{NewGraph, NewTask},
};
use protocol::{
    error::ErrorCode,
    id::{TaskGroupId, TaskId},
    schema,
    time::Timestamp,
};
use serde_json::Value;

use request::{GraphRequest, Tasks};

use super::OwnState;
use crate::{
    auth::Caller,
    http::{ApiError, ApiResult, Call, Object},
    queue::authorize,
};

const LONGEST_KEY: usize = 255;

/// Every task is checked as `createTask` would check it; a fault names its task, and nothing is created.
pub(super) async fn create_graph(state: Arc<OwnState>, call: Call) -> ApiResult {
    let (caller, judge) = (call.caller()?.clone(), Judge { now: state.clock.now(), limits: state.limits });
    let body = call.context().raw().clone();
    // Thousands of tasks take a while to check; other requests must not wait for it.
    let (group_id, graph) = call.cpu_pool().clone().run(move || check(&caller, &body, judge)).await??;
    let statuses = state.queue.create_graph(graph).await?;
    let entries = statuses.iter().map(|status| Object::new().field("taskId", &status.task_id).field("status", status));
    Ok(Object::new().field("taskGroupId", &group_id).list("tasks", entries).into())
}

/// What tasks are judged by.
#[derive(Clone, Copy)]
struct Judge {
    now: Timestamp,
    limits: TaskLimits,
}

fn check(caller: &Caller, body: &[u8], judge: Judge) -> Result<(TaskGroupId, NewGraph), ApiError> {
    let request: GraphRequest = serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { ErrorCode::InputValidationError } else { ErrorCode::MalformedPayload };
        let message = format!("The graph cannot be read: {error}");
        ApiError::new(code, message).at("/payload", "be a graph: submitKey, taskGroupId and tasks", error.to_string())
    })?;
    let GraphRequest { submit_key, task_group_id, tasks: Tasks(tasks) } = request;
    if submit_key.is_empty() || submit_key.len() > LONGEST_KEY {
        let (expected, got) = (format!("have 1 to {LONGEST_KEY} characters"), format!("{}", submit_key.len()));
        return Err(ApiError::invalid_field("/payload/submitKey", &expected, &got));
    }
    let group_id = group_of(task_group_id, &tasks)?;
    let tasks = tasks.into_iter().map(|(task_id, body)| {
        new_task(caller, task_id, body, group_id, judge).map_err(|error| error.in_task(task_id))
    });
    let tasks = tasks.collect::<Result<Vec<NewTask>, ApiError>>()?;
    check_ids(&tasks)?;
    Ok((group_id, NewGraph { submit_key, tasks }))
}

/// All tasks of a graph are in one group.
fn group_of(given: Option<TaskGroupId>, tasks: &[(TaskId, Value)]) -> Result<TaskGroupId, ApiError> {
    let named = tasks.iter().find_map(|(_, task)| task.get("taskGroupId")?.as_str()?.parse().ok());
    given.or(named).ok_or_else(|| {
        let expected = "be given, for the graph or in a task of it";
        ApiError::invalid_field("/payload/taskGroupId", expected, "nothing")
    })
}

fn new_task(
    caller: &Caller,
    task_id: TaskId,
    mut body: Value,
    group_id: TaskGroupId,
    judge: Judge,
) -> Result<NewTask, ApiError> {
    let invalid = |message: String| ApiError::new(ErrorCode::InputValidationError, message);
    schema::validate_input("queue", "create-task-request", &mut body).map_err(|errors| {
        let message = errors.iter().map(|error| format!("data{error}")).collect::<Vec<_>>().join("\n");
        invalid(message).with_payload_errors(&errors)
    })?;
    let mut request: TaskRequest = serde_json::from_value(body).map_err(|error| invalid(error.to_string()))?;
    request.reconcile_queue()?;
    authorize(caller, &request)?;
    let group = *request.task_group_id.get_or_insert(group_id);
    if group != group_id {
        let error = ApiError::input(format!("taskGroupId is {group}, but that of the graph is {group_id}"));
        return Err(error.at("/payload/taskGroupId", format!("be {group_id}"), group.to_string()));
    }
    Ok(NewTask { task_id, definition: request.finish(task_id, judge.now, &judge.limits)? })
}

fn check_ids(tasks: &[NewTask]) -> Result<(), ApiError> {
    let mut seen = HashSet::with_capacity(tasks.len());
    if let Some(twice) = tasks.iter().find(|task| !seen.insert(task.task_id)) {
        let error = ApiError::input(format!("The task {} is in the graph twice", twice.task_id));
        return Err(error.at(
            format!("/payload/tasks/{}", twice.task_id),
            "be in the graph once",
            "the same task id twice",
        ));
    }
    let Some(task_id) = find_cycle(tasks) else { return Ok(()) };
    let error = ApiError::input(format!("The task {task_id} depends on itself through its dependencies"));
    Err(error.at(format!("/payload/tasks/{task_id}/dependencies"), "not lead back to the task", "a circle"))
}
