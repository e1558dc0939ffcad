//! From a template to a task that can be created, or the reason why not. Pure, and not for an async thread.

use std::sync::Arc;

use chrono::Months;
use db::{hooks::FiredBy, queue::NewTaskRow};
use jsone::{Context, Limits};
use protocol::{
    id::TaskId,
    schema,
    scope::ScopeSet,
    task::TaskDefinition,
    time::{self, Timestamp},
};
use serde_json::{Map, Value, json};

use super::{Hook, HookError, Result};
use crate::queue::{TaskLimits, TaskRequest, types::NewTask};

/// What a template is rendered with.
#[derive(Debug, Clone)]
pub(super) struct FireContext {
    pub fired_by: FiredBy,
    /// Of all but the schedule.
    pub payload: Option<Value>,
    pub client_id: Option<String>,
    pub task_id: TaskId,
    /// What the template knows as `now`: the date that was due.
    pub now: Timestamp,
    /// From when on dates count that the template does not give.
    pub dates_from: Timestamp,
    /// The time of the fire.
    pub at: Timestamp,
    /// The fire whose task a message was about.
    pub caused_by: Option<i64>,
}

/// A task that can be created.
#[derive(Debug)]
pub(super) struct Prepared {
    pub definition: TaskDefinition,
    pub row: NewTaskRow,
}

/// What the tasks of a hook may do.
pub(super) struct Powers {
    pub scopes: Arc<ScopeSet>,
    pub limits: TaskLimits,
}

/// `None`: the template yields no task.
pub(super) fn prepare(hook: &Hook, context: &FireContext, powers: &Powers) -> Result<Option<Prepared>> {
    let Some(task) = rendered(&hook.definition.task, context)? else { return Ok(None) };
    let mut body = Value::Object(task);
    schema::validate_input("queue", "create-task-request", &mut body).map_err(|errors| {
        let lines: Vec<String> = errors.iter().take(10).map(|error| format!("\n * data{error}")).collect();
        HookError::Task(lines.concat())
    })?;
    let mut request: TaskRequest = serde_json::from_value(body).map_err(|error| HookError::Task(error.to_string()))?;
    let invalid = |error: crate::queue::TaskRequestError| HookError::Task(error.to_string());
    request.reconcile_queue().map_err(invalid)?;
    if let Some(missing) = request.required_scopes().and_then(|required| required.missing_from(&powers.scopes)) {
        return Err(HookError::Scopes { role: hook.name.role(), missing: Box::new(missing) });
    }
    let definition = request.finish(context.task_id, context.at, &powers.limits).map_err(invalid)?;
    let task = NewTask { task_id: context.task_id, definition };
    let row = task.row().map_err(|error| HookError::Task(error.to_string()))?;
    Ok(Some(Prepared { definition: task.definition, row }))
}

/// What the template yields, with the dates that it leaves out.
pub(super) fn rendered(template: &Value, context: &FireContext) -> Result<Option<Map<String, Value>>> {
    let Some(mut task) = render(template, context)? else { return Ok(None) };
    fill_dates(&mut task, context);
    Ok(Some(task))
}

fn render(template: &Value, fire: &FireContext) -> Result<Option<Map<String, Value>>> {
    let error = |error: jsone::Error| HookError::Template(error.to_string());
    let mut context = Context::new(fire.now);
    context.set("firedBy", fire.fired_by.as_str()).map_err(error)?;
    context.set("taskId", fire.task_id.to_string().as_str()).map_err(error)?;
    if let Some(payload) = &fire.payload {
        context.set("payload", jsone::Value::try_from(payload).map_err(error)?).map_err(error)?;
    }
    if let Some(client_id) = &fire.client_id {
        context.set("clientId", client_id.as_str()).map_err(error)?;
    }
    let template = jsone::Value::try_from(template).map_err(error)?;
    let rendered = jsone::render(&template, &context, &Limits::default()).map_err(error)?;
    match Value::from(&rendered) {
        Value::Object(task) => Ok(Some(task)),
        // What JavaScript takes for false.
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Number(number) if number.as_f64() == Some(0.0) => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        other => {
            let kind = match other {
                Value::Array(_) => "an array",
                Value::String(_) => "a text",
                _ => "a number or `true`",
            };
            Err(HookError::Template(format!("it must yield an object, and yields {kind}")))
        }
    }
}

fn fill_dates(task: &mut Map<String, Value>, context: &FireContext) {
    let from = context.dates_from;
    let expires = from.checked_add_months(Months::new(1)).unwrap_or(from);
    for (field, date) in [("created", from), ("deadline", from + chrono::TimeDelta::days(1)), ("expires", expires)] {
        let given = task.get(field).is_some_and(|value| !value.is_null());
        if !given {
            task.insert(field.to_owned(), json!(time::format(date)));
        }
    }
}
