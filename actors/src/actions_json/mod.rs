//! The actions that a decision task offers, as its `public/actions.json` has them: which are for a task, what their input must be, and
//! what triggers the hook behind one. Pure.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jsone::{Context, Limits};
use protocol::{
    id::{TaskGroupId, TaskId},
    schema::ForeignSchema,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Name of the artifact.
pub const ARTIFACT: &str = "public/actions.json";
/// Larger files are not read.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
const VERSION: u64 = 1;

type Tags = BTreeMap<String, String>;

#[derive(Debug, Clone, Deserialize)]
pub struct ActionList {
    version: u64,
    #[serde(default)]
    variables: Map<String, Value>,
    actions: Vec<Action>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    pub name: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    kind: String,
    hook_group_id: Option<String>,
    hook_id: Option<String>,
    hook_payload: Option<Value>,
    /// Sets of tags: a task that has all of one. None: it is for the group.
    #[serde(default)]
    context: Vec<Tags>,
    pub schema: Option<Value>,
}

/// What an action is to be done to.
#[derive(Debug, Clone)]
pub struct Target {
    pub task_group_id: TaskGroupId,
    /// With its definition; none: the group.
    pub task: Option<(TaskId, Value)>,
}

/// How an action is carried out: a hook, and what it is triggered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub hook_group_id: String,
    pub hook_id: String,
    pub payload: Value,
}

#[derive(Debug, thiserror::Error)]
pub enum ActionsError {
    #[error("{ARTIFACT} has {0} bytes; at most {MAX_BYTES} are read")]
    TooLong(usize),
    #[error("{ARTIFACT} is no list of actions: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("{ARTIFACT} has version {0}; only version {VERSION} is known")]
    Version(u64),
    #[error("there is no action `{name}` for this {of}; there is {}", listed(.known))]
    NoSuchAction { name: String, of: &'static str, known: Vec<String> },
    #[error("the action `{0}` has the kind `{1}`; only `hook` can be run")]
    Kind(String, String),
    #[error("the action `{0}` names no hook and payload")]
    NoHook(String),
    #[error("the schema of the action `{0}` cannot be used: {1}")]
    Schema(String, String),
    #[error("the input does not fit the action `{name}`:{}", lines(.errors))]
    Input { name: String, errors: Vec<String> },
    #[error("the hookPayload of the action `{0}` cannot be rendered: {1}")]
    Template(String, jsone::Error),
    #[error("the hookPayload of the action `{0}` yields no object, which is what a hook is triggered with")]
    NoObject(String),
}

type Result<T, E = ActionsError> = std::result::Result<T, E>;

impl ActionList {
    pub fn parse(text: &[u8]) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(ActionsError::TooLong(text.len()));
        }
        let list: Self = serde_json::from_slice(text)?;
        if list.version == VERSION { Ok(list) } else { Err(ActionsError::Version(list.version)) }
    }

    /// The actions for it. Of several with one name the first is meant, so the others are left out.
    pub fn of<'a>(&'a self, target: &Target) -> Vec<&'a Action> {
        let mut found: Vec<&Action> = Vec::new();
        for action in self.actions.iter().filter(|action| action.is_for(target)) {
            if !found.iter().any(|other| other.name == action.name) {
                found.push(action);
            }
        }
        found
    }

    pub fn find<'a>(&'a self, name: &str, target: &Target) -> Result<&'a Action> {
        let known = self.of(target);
        known.iter().copied().find(|action| action.name == name).ok_or_else(|| ActionsError::NoSuchAction {
            name: name.to_owned(),
            of: if target.task.is_some() { "task" } else { "group" },
            known: known.iter().map(|action| action.name.clone()).collect(),
        })
    }

    /// What triggers the hook. `input` is checked; it is `null` where none is given. Compiles a schema and renders a template, so
    /// it does not belong on an async thread.
    pub fn call(&self, action: &Action, target: &Target, input: &Value, now: Timestamp) -> Result<Call> {
        action.check(input)?;
        let (hook_group_id, hook_id, template) = action.hook()?;
        let error = |error| ActionsError::Template(action.name.clone(), error);
        let mut context = Context::new(now);
        context.extend(&value(&Value::Object(self.variables.clone())).map_err(error)?).map_err(error)?;
        let group = target.task_group_id.to_string();
        let (task_id, task) = match &target.task {
            Some((task_id, task)) => (json!(task_id), task.clone()),
            None => (Value::Null, Value::Null),
        };
        let known = [
            ("taskGroupId", json!(group)),
            ("ownTaskId", json!(group)),
            ("taskId", task_id),
            ("task", task),
            ("input", input.clone()),
        ];
        for (name, known) in known {
            context.set(name, value(&known).map_err(error)?).map_err(error)?;
        }
        let rendered = jsone::render(&value(template).map_err(error)?, &context, &Limits::default()).map_err(error)?;
        let payload = Value::from(&rendered);
        if !payload.is_object() {
            return Err(ActionsError::NoObject(action.name.clone()));
        }
        Ok(Call { hook_group_id: hook_group_id.to_owned(), hook_id: hook_id.to_owned(), payload })
    }
}

impl Action {
    fn is_for(&self, target: &Target) -> bool {
        let Some((_, task)) = &target.task else { return self.context.is_empty() };
        let has = |(name, value): (&String, &String)| task["tags"][name].as_str() == Some(value);
        self.context.iter().any(|tags| tags.iter().all(has))
    }

    /// An action without a schema takes no input.
    fn check(&self, input: &Value) -> Result<()> {
        let refused = |errors| ActionsError::Input { name: self.name.clone(), errors };
        let Some(schema) = &self.schema else {
            return if input.is_null() { Ok(()) } else { Err(refused(vec!["it takes none".to_owned()])) };
        };
        let schema = ForeignSchema::compile(schema)
            .map_err(|error| ActionsError::Schema(self.name.clone(), error.to_string()))?;
        schema
            .check(input)
            .map_err(|errors| refused(errors.iter().take(10).map(|error| format!("input{error}")).collect()))
    }

    /// Group and id of its hook.
    pub fn hook_name(&self) -> Result<(&str, &str)> {
        self.hook().map(|(group, id, _)| (group, id))
    }

    fn hook(&self) -> Result<(&str, &str, &Value)> {
        if self.kind != "hook" {
            return Err(ActionsError::Kind(self.name.clone(), self.kind.clone()));
        }
        match (&self.hook_group_id, &self.hook_id, &self.hook_payload) {
            (Some(group), Some(id), Some(payload)) => Ok((group, id, payload)),
            _ => Err(ActionsError::NoHook(self.name.clone())),
        }
    }
}

/// What the scopes of a decision task must satisfy to offer an action with this hook: else a list of actions could lead to any hook
/// that its reader may trigger.
pub fn scope_to_offer((hook_group_id, hook_id): (&str, &str)) -> String {
    format!("in-tree:hook-action:{hook_group_id}/{hook_id}")
}

fn value(json: &Value) -> Result<jsone::Value, jsone::Error> {
    jsone::Value::try_from(json)
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { format!("`{}`", known.join("`, `")) }
}

fn lines(errors: &[String]) -> String {
    errors.iter().flat_map(|error| ["\n * ", error]).collect()
}
