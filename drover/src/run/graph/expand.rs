//! One task: fills in defaults, replaces names and operators, then checks it.

use std::collections::BTreeMap;

use protocol::{
    id::{TaskGroupId, TaskId},
    time::{self, Timestamp},
};
use serde_json::{Map, Value, json};

use super::{GraphDefinition, PlannedTask, SubmitOptions, check, from_now::from_now, payload};

/// What all tasks of a graph have in common.
pub(super) struct TaskBuilder<'a> {
    pub(super) graph: &'a GraphDefinition,
    pub(super) options: &'a SubmitOptions,
    pub(super) names: &'a BTreeMap<String, TaskId>,
    pub(super) task_group_id: TaskGroupId,
    pub(super) now: Timestamp,
}

impl TaskBuilder<'_> {
    pub(super) fn build(&self, name: &str, written: &Value) -> Result<PlannedTask, Vec<String>> {
        if !written.is_object() {
            return Err(vec![format!("{} must be an object: the definition", self.graph.place(name, ""))]);
        }
        let mut task = self.built_in(name);
        merge(&mut task, &self.graph.defaults);
        merge(&mut task, written);
        self.add_env(&mut task);
        payload::fill(&mut task);
        let mut problems = Vec::new();
        let mut used = Vec::new();
        self.replace(&mut task, "", &mut used, &mut problems);
        self.resolve_dependencies(&mut task, used, &mut problems);
        let mut problems: Vec<_> = problems
            .into_iter()
            .map(|(field, message)| format!("{} {message}", self.graph.place(name, &field)))
            .collect();
        if problems.is_empty() {
            let found = check::definition(&task, self.now);
            problems.extend(
                found.into_iter().map(|(field, message)| format!("{} {message}", self.graph.place(name, &field))),
            );
        }
        let task_id = self.names.get(name).copied();
        task_id
            .filter(|_| problems.is_empty())
            .map(|task_id| PlannedTask { name: name.to_owned(), task_id, task })
            .ok_or(problems)
    }

    fn built_in(&self, name: &str) -> Value {
        let mut task = json!({
            "taskGroupId": self.task_group_id,
            "created": { "$fromNow": "0 seconds" },
            "deadline": { "$fromNow": "1 day" },
            "expires": { "$fromNow": "30 days" },
            "metadata": {
                "name": name,
                "description": "submitted with `drover run`",
                "owner": "drover@localhost",
                "source": "https://localhost/drover-run",
            },
            "payload": {},
        });
        let names_queue = ["provisionerId", "workerType"].iter().any(|field| {
            self.graph.defaults.get(field).is_some()
                || self.graph.tasks.get(name).is_some_and(|it| it.get(field).is_some())
        });
        if !names_queue {
            task["taskQueueId"] = json!(self.options.task_queue_id);
        }
        task
    }

    fn add_env(&self, task: &mut Value) {
        if let (false, Some(payload)) = (self.options.env.is_empty(), task["payload"].as_object_mut()) {
            let env = payload.entry("env").or_insert_with(|| Value::Object(Map::new()));
            merge(env, &json!(self.options.env));
        }
    }

    /// Replaces `{$fromNow: time}`, `{$taskId: name}` and `{$path: relative}` anywhere in a value.
    fn replace(&self, value: &mut Value, field: &str, used: &mut Vec<TaskId>, problems: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                let single = fields.iter().next().filter(|_| fields.len() == 1);
                if let Some((operator, text)) =
                    single.and_then(|(key, it)| Some((key.clone(), it.as_str()?.to_owned())))
                    && let Some(replaced) = self.operator(field, &operator, &text, used)
                {
                    match replaced {
                        Ok(new) => *value = new,
                        Err(message) => problems.push((field.to_owned(), message)),
                    }
                    return;
                }
                for (key, inner) in fields {
                    let field = if field.is_empty() { key.clone() } else { format!("{field}.{key}") };
                    self.replace(inner, &field, used, problems);
                }
            }
            Value::Array(items) => {
                for (number, inner) in items.iter_mut().enumerate() {
                    self.replace(inner, &format!("{field}.{number}"), used, problems);
                }
            }
            _ => {}
        }
    }

    /// `None`: an ordinary object.
    fn operator(
        &self,
        field: &str,
        operator: &str,
        text: &str,
        used: &mut Vec<TaskId>,
    ) -> Option<Result<Value, String>> {
        let is_date = matches!(field, "created" | "deadline" | "expires");
        match operator {
            "$fromNow" | "in" if operator != "in" || is_date => Some(
                from_now(text, self.now)
                    .map(|time| json!(time::format(time)))
                    .ok_or_else(|| format!("says `{text}`, which is no length of time; write it like `2 hours`")),
            ),
            "$taskId" => Some(self.find(text).map(|task_id| {
                used.push(task_id);
                json!(task_id)
            })),
            "$path" => Some(match self.graph.folder.join(text).canonicalize() {
                Ok(path) => Ok(json!(path)),
                Err(error) => Err(format!("names the path `{text}` beside the file: {error}")),
            }),
            _ => None,
        }
    }

    /// Dependencies by name become ids; a task that uses the id of another one depends on it.
    fn resolve_dependencies(&self, task: &mut Value, used: Vec<TaskId>, problems: &mut Vec<(String, String)>) {
        let mut resolved = Vec::new();
        match task.get("dependencies") {
            None => {}
            Some(Value::Array(written)) => {
                for (number, dependency) in written.iter().enumerate() {
                    match dependency
                        .as_str()
                        .ok_or_else(|| "must be a name or a taskId".to_owned())
                        .and_then(|it| self.find(it))
                    {
                        Ok(task_id) => resolved.push(task_id),
                        Err(message) => problems.push((format!("dependencies.{number}"), message)),
                    }
                }
            }
            Some(_) => problems.push(("dependencies".to_owned(), "must be a list of names and taskIds".to_owned())),
        }
        resolved.extend(used);
        let mut seen = std::collections::BTreeSet::new();
        resolved.retain(|task_id| seen.insert(*task_id));
        if !resolved.is_empty() {
            task["dependencies"] = json!(resolved);
        }
    }

    /// A name of this graph, or the id of an existing task.
    fn find(&self, text: &str) -> Result<TaskId, String> {
        let known = self.names.get(text).copied();
        known.or_else(|| text.parse().ok()).ok_or_else(|| {
            let closest = self.names.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            format!("names `{text}`, which is neither a task of this graph nor a taskId; there are: {closest}")
        })
    }
}

/// Merges `more` over `base`: objects field by field, other values as a whole.
fn merge(base: &mut Value, more: &Value) {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) if !is_operator(more) && !is_operator(base) => {
            for (key, value) in more {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, more) => *base = more.clone(),
    }
}

fn is_operator(fields: &Map<String, Value>) -> bool {
    fields.len() == 1 && fields.keys().all(|key| key.starts_with('$'))
}
