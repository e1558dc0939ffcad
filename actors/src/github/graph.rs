//! From rendered tasks to a graph that can be created, or the reason why not. Pure, and not for an async thread.

use std::collections::HashSet;

use protocol::{
    github::TaskclusterYml,
    id::TaskId,
    schema,
    scope::{ScopeExpression, ScopeSet},
    time::Timestamp,
};
use serde_json::{Map, Value};

use super::{
    JobError,
    template::{Ids, RenderContext, Rendered, render},
};
use crate::queue::{TaskLimits, TaskRequest, find_cycle, types::NewTask};

/// What the tasks of an event may do.
pub(super) struct Powers {
    /// The role that gives it.
    pub role: String,
    pub scopes: std::sync::Arc<ScopeSet>,
    pub limits: TaskLimits,
}

/// Renders a file and checks each task as `createTask` would. `None`: the event is to start none.
pub(super) fn prepare(
    file: &TaskclusterYml,
    context: &RenderContext,
    ids: &Ids,
    powers: &Powers,
) -> Result<Option<Vec<NewTask>>, JobError> {
    let Some(Rendered { tasks }) = render(file, context, ids).map_err(|error| JobError::Template(error.0))? else {
        return Ok(None);
    };
    let tasks = tasks.into_iter().map(|(task_id, fields)| new_task(task_id, fields, powers, context.now));
    let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
    let mut seen = HashSet::with_capacity(tasks.len());
    if let Some(twice) = tasks.iter().find(|task| !seen.insert(task.task_id)) {
        return Err(JobError::task(twice.task_id, "two tasks have this taskId".to_owned()));
    }
    if let Some(task_id) = find_cycle(&tasks) {
        return Err(JobError::task(task_id, "it depends on itself through its dependencies".to_owned()));
    }
    Ok(Some(tasks))
}

fn new_task(task_id: TaskId, fields: Map<String, Value>, powers: &Powers, now: Timestamp) -> Result<NewTask, JobError> {
    let mut body = Value::Object(fields);
    schema::validate_input("queue", "create-task-request", &mut body).map_err(|errors| {
        let lines: Vec<String> = errors.iter().take(10).map(|error| format!("\n * data{error}")).collect();
        JobError::task(task_id, lines.concat())
    })?;
    let invalid = |error: crate::queue::TaskRequestError| JobError::task(task_id, error.to_string());
    let mut request: TaskRequest =
        serde_json::from_value(body).map_err(|error| JobError::task(task_id, error.to_string()))?;
    request.reconcile_queue().map_err(invalid)?;
    if let Some(missing) = request.required_scopes().and_then(|required| required.missing_from(&powers.scopes)) {
        return Err(JobError::Scopes { role: powers.role.clone(), missing: Box::new(shortened(missing)) });
    }
    let definition = request.finish(task_id, now, &powers.limits).map_err(invalid)?;
    Ok(NewTask { task_id, definition })
}

fn shortened(missing: ScopeExpression) -> ScopeExpression {
    if missing.is_short() { missing } else { missing.abridged() }
}
