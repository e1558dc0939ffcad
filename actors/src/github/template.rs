//! From a `.taskcluster.yml` and an event to tasks that can be created. Pure, and not for an async thread.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hmac::{Hmac, KeyInit, Mac};
use jsone::{Context, Function, Limits};
use protocol::{
    github::{CHECKS_ROUTE, SCHEDULER_ID, STATUSES_ROUTE, TaskclusterYml, TasksFor},
    id::TaskId,
    time::{self, Timestamp},
};
use serde_json::{Map, Value, json};
use sha2::Sha256;

/// What templates know.
#[derive(Debug, Clone)]
pub(super) struct RenderContext {
    /// Besides the root URL, the time and `as_slugid`.
    pub variables: Map<String, Value>,
    /// The route by which GitHub is shown the tasks; none: it is not.
    pub route: Option<&'static str>,
    pub root_url: String,
    pub now: Timestamp,
}

impl RenderContext {
    /// Of a delivery: `event` is its body, and what comments add to it; `command` is that of a comment.
    pub(super) fn of_event(
        file: &TaskclusterYml,
        tasks_for: TasksFor,
        event: Value,
        command: Option<&str>,
        (root_url, now): (&str, Timestamp),
    ) -> Self {
        let mut variables = Map::new();
        variables.insert("tasks_for".to_owned(), json!(tasks_for.as_str()));
        variables.insert("event".to_owned(), event);
        variables.extend(command.map(|command| ("taskcluster_comment".to_owned(), json!(command))));
        let route = if file.by_checks() { CHECKS_ROUTE } else { STATUSES_ROUTE };
        Self { variables, route: Some(route), root_url: root_url.to_owned(), now }
    }
}

/// Ids that are the same whenever the same delivery is rendered, and that nobody can guess without the key.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    key: Vec<u8>,
    delivery_id: String,
}

/// What a file yields.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rendered {
    /// With their ids, in the order of the file.
    pub tasks: Vec<(TaskId, Map<String, Value>)>,
}

/// Why a file yields no tasks, in words for its author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct TemplateError(pub String);

/// Tasks of one file.
pub(super) const MAX_TASKS: usize = 10_000;

impl Ids {
    pub(super) fn new(key: &[u8], delivery_id: &str) -> Self {
        Self { key: key.to_vec(), delivery_id: delivery_id.to_owned() }
    }

    /// The id for this use of the delivery.
    pub(super) fn id(&self, label: &str) -> TaskId {
        let mut bytes = [0; 16];
        // HMAC takes keys of any length.
        if let Ok(mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            let digest = mac.chain_update(&self.delivery_id).chain_update([0]).chain_update(label).finalize();
            bytes.copy_from_slice(&digest.into_bytes()[..16]);
        }
        TaskId::from_random(bytes)
    }
}

/// Renders the tasks of a file. `None`: the event is to start none.
pub(super) fn render(
    file: &TaskclusterYml,
    context: &RenderContext,
    ids: &Ids,
) -> Result<Option<Rendered>, TemplateError> {
    let rendered = evaluate(&file.tasks, context, ids).map_err(|error| TemplateError(error.to_string()))?;
    let list = match rendered {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        _ => return Err(TemplateError("`tasks` must yield a list of tasks".to_owned())),
    };
    // A template that yields nothing for this event leaves null, or an empty object.
    let wanted = |task: &Value| !task.is_null() && task.as_object().is_none_or(|fields| !fields.is_empty());
    let list: Vec<Value> = list.into_iter().filter(wanted).collect();
    if list.len() > MAX_TASKS {
        return Err(TemplateError(format!("`tasks` yields {} tasks; it may yield {MAX_TASKS}", list.len())));
    }
    if list.is_empty() {
        return Ok(None);
    }
    let tasks = list.into_iter().zip(1..).map(|(task, number)| match task {
        Value::Object(fields) => Ok(fields),
        _ => Err(TemplateError(format!("task {number} is no object"))),
    });
    let tasks = tasks.collect::<Result<Vec<_>, _>>()?;
    complete(tasks, context, ids).map(Some)
}

fn evaluate(template: &Value, context: &RenderContext, ids: &Ids) -> Result<Value, jsone::Error> {
    let mut variables = Context::new(context.now);
    for (name, value) in &context.variables {
        variables.set(name, jsone::Value::try_from(value)?)?;
    }
    variables.set("taskcluster_root_url", context.root_url.as_str())?;
    variables.set("as_slugid", as_slugid(ids))?;
    let template = jsone::Value::try_from(template)?;
    Ok(Value::from(&jsone::render(&template, &variables, &Limits::default())?))
}

/// The same label is the same id within a rendering, and in each repeat of it.
fn as_slugid(ids: &Ids) -> jsone::Value {
    let (ids, known) = (ids.clone(), Arc::new(Mutex::new(HashMap::<String, String>::new())));
    let function = Function::new("as_slugid", move |arguments| {
        let [label] = arguments else { return Err("as_slugid takes one label".to_owned()) };
        let label = label.as_str().ok_or("as_slugid takes a text")?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let id = known.entry(label.to_owned()).or_insert_with(|| ids.id(&format!("slugid {label}")).to_string());
        Ok(jsone::Value::from(id.as_str()))
    });
    jsone::Value::Function(function)
}

/// Fills in what tasks need not say: ids, group, scheduler, the route of reports, dates.
fn complete(mut tasks: Vec<Map<String, Value>>, context: &RenderContext, ids: &Ids) -> Result<Rendered, TemplateError> {
    let mut completed = Vec::with_capacity(tasks.len());
    let default_group = ids.id("group");
    // A single task is a decision task: the group has its id.
    let alone = tasks.len() == 1;
    let mut group: Option<TaskId> = None;
    for (number, mut task) in (1..).zip(tasks.drain(..)) {
        let field = |task: &Map<String, Value>, name: &str| id_field(task, name, number);
        let task_id = field(&task, "taskId")?;
        let given_group = field(&task, "taskGroupId")?;
        let (task_id, own_group) = match (task_id, given_group) {
            (Some(id), group) => (id, group.unwrap_or(if alone { id } else { default_group })),
            (None, Some(group)) if alone => (group, group),
            (None, group) if alone => (default_group, group.unwrap_or(default_group)),
            (None, group) => (ids.id(&format!("task {number}")), group.unwrap_or(default_group)),
        };
        task.remove("taskId");
        if *group.get_or_insert(own_group) != own_group {
            return Err(TemplateError(format!(
                "task {number} is of another group than the first: all must have the same taskGroupId"
            )));
        }
        task.insert("taskGroupId".to_owned(), json!(own_group));
        fill(&mut task, context, number)?;
        completed.push((task_id, task));
    }
    Ok(Rendered { tasks: completed })
}

fn id_field(task: &Map<String, Value>, name: &str, number: usize) -> Result<Option<TaskId>, TemplateError> {
    let Some(value) = task.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let id = value.as_str().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(|| {
        TemplateError(format!("`{name}` of task {number} must be a slugid, as `as_slugid` makes them; got {value}"))
    })
}

fn fill(task: &mut Map<String, Value>, context: &RenderContext, number: usize) -> Result<(), TemplateError> {
    let mut default = |name: &str, value: Value| {
        if task.get(name).is_none_or(Value::is_null) {
            task.insert(name.to_owned(), value);
        }
    };
    default("schedulerId", json!(SCHEDULER_ID));
    default("created", json!(time::format(context.now)));
    default("routes", json!([]));
    let Some(route) = context.route else { return Ok(()) };
    let routes = task.get_mut("routes").and_then(Value::as_array_mut);
    let routes = routes.ok_or_else(|| TemplateError(format!("`routes` of task {number} must be a list")))?;
    if !routes.iter().any(|known| known == route) {
        routes.push(json!(route));
    }
    Ok(())
}
