//! The hooks that come with Drover: actions on tasks, each with a role of its own, which has no scopes until somebody gives it some.
//!
//! They are stored as all others are. Their tasks run on `built-in/action` (`built_in/action/`).

use protocol::id::TaskId;
use serde_json::{Value, json};

use super::{HookBody, HookError, HookName, Hooks, Result};

/// The group that belongs to them.
pub const GROUP: &str = "drover";
const BY: &str = "drover";
/// Nobody: what fails is shown to whoever asks for it.
const OWNER: &str = "nobody@drover.invalid";
const SLUG: &str = "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$";

struct Action {
    name: &'static str,
    description: &'static str,
    /// It is about one task, else about a group.
    of_task: bool,
    /// Properties of its input.
    input: fn() -> Value,
}

const ACTIONS: [Action; 5] = [
    Action {
        name: "retrigger",
        description: "Makes the same task once more, as a new one of the same group.",
        of_task: true,
        input: || {
            json!({
                "downstream": {
                    "type": "boolean",
                    "default": false,
                    "description": "Also every task of the group that depends on it.",
                },
                "times": { "type": "integer", "default": 1, "minimum": 1, "maximum": 100, "description": "How often." },
            })
        },
    },
    Action { name: "rerun", description: "Gives a resolved task one more run.", of_task: true, input: || json!({}) },
    Action { name: "cancel", description: "Cancels a task that is not resolved.", of_task: true, input: || json!({}) },
    Action {
        name: "cancel-group",
        description: "Seals a task group, and cancels what is not resolved in it.",
        of_task: false,
        input: || json!({}),
    },
    Action {
        name: "backfill",
        description: "Makes the task on the pushes before its own that do not have it, so that it shows which of them broke it.",
        of_task: true,
        input: || {
            json!({
                "depth": {
                    "type": "integer",
                    "default": 9,
                    "minimum": 1,
                    "maximum": 100,
                    "description": "How many pushes, at most.",
                },
            })
        },
    },
];

/// The same as a list of actions, in the form of `actions.json`. `new_task_id` is that of the task that one makes, so that a request that
/// is repeated makes one.
pub(crate) fn actions_json(new_task_id: TaskId) -> Value {
    let action = |action: &Action| {
        json!({
            "name": action.name,
            "title": title(action.name),
            "description": action.description,
            "kind": "hook",
            "context": if action.of_task { json!([{}]) } else { json!([]) },
            "hookGroupId": GROUP,
            "hookId": action.name,
            "hookPayload": {
                "taskId": new_task_id,
                "user": {
                    "input": { "$eval": "input" },
                    "taskId": { "$eval": "taskId" },
                    "taskGroupId": { "$eval": "taskGroupId" },
                },
            },
            "schema": action.input_schema(),
        })
    };
    json!({ "version": 1, "variables": {}, "actions": ACTIONS.iter().map(action).collect::<Vec<_>>() })
}

/// `cancel-group` as a reader would write it.
fn title(name: &str) -> String {
    let words = name.replace('-', " ");
    let (first, rest) = words.split_at(1);
    first.to_uppercase() + rest
}

impl Hooks {
    /// Creates those that are missing, and updates those of another version.
    pub async fn ensure_built_in(&self, root_url: &str) -> Result<()> {
        for action in &ACTIONS {
            let name = HookName::new(GROUP, action.name);
            match self.create_any(&name, action.body(root_url), BY).await {
                Err(HookError::Exists(_)) => drop(self.update_any(&name, action.body(root_url), BY).await?),
                created => drop(created?),
            }
        }
        Ok(())
    }
}

/// The root URL with which the definition of one of these hooks was written, as it is stored.
pub fn root_url_of(definition: &str) -> Option<String> {
    let definition: Value = serde_json::from_str(definition).ok()?;
    let source = definition["task"]["metadata"]["source"].as_str()?;
    source.split_once(&format!("/hooks/{GROUP}/")).map(|(root_url, _)| root_url.to_owned())
}

/// Whether the hook cannot be changed, and no other may be created under its name: names of later versions are in the same group.
pub(super) fn check_creatable(name: &HookName) -> Result<()> {
    if name.hook_group_id == GROUP { Err(HookError::BuiltIn(name.clone())) } else { Ok(()) }
}

pub(super) fn check_changeable(name: &HookName) -> Result<()> {
    let is_built_in = name.hook_group_id == GROUP && ACTIONS.iter().any(|action| action.name == name.hook_id);
    if is_built_in { Err(HookError::BuiltIn(name.clone())) } else { Ok(()) }
}

impl Action {
    fn body(&self, root_url: &str) -> HookBody {
        HookBody {
            hook_group_id: None,
            hook_id: None,
            metadata: json!({
                "name": self.name,
                "description": self.description,
                "owner": OWNER,
                "emailOnError": false,
            }),
            task: self.task(root_url),
            schedule: Vec::new(),
            trigger_schema: self.schema(),
            bindings: None,
        }
    }

    fn task(&self, root_url: &str) -> Value {
        let Self { name, description, .. } = self;
        json!({
            "taskQueueId": "built-in/action",
            "created": { "$fromNow": "" },
            "deadline": { "$fromNow": "1 hour" },
            "expires": { "$fromNow": "1 year" },
            // Nothing but what the role has: the queue would refuse more, and the action checks each call against it.
            "scopes": [format!("assume:hook-id:{GROUP}/{name}")],
            "payload": { "$merge": [{ "action": name }, { "$eval": "payload.user" }] },
            "metadata": {
                "name": format!("Action: {name}"),
                "description": description,
                // A token has no client.
                "owner": { "$if": "firedBy == 'triggerHook'", "then": "${clientId}", "else": "${firedBy}" },
                "source": format!("{root_url}/hooks/{GROUP}/{name}"),
            },
        })
    }

    fn input_schema(&self) -> Value {
        json!({ "type": ["object", "null"], "properties": (self.input)(), "additionalProperties": false })
    }

    /// The payload of `triggerHook`. What is asked for is in `user`, as the actions of taskgraph have it: `taskId` beside it names the
    /// task that the hook makes, as with every hook.
    fn schema(&self) -> Value {
        let slug = json!({ "type": "string", "pattern": SLUG });
        let task_id = if self.of_task { slug.clone() } else { json!({ "type": ["string", "null"], "pattern": SLUG }) };
        let required = if self.of_task { json!(["taskId", "taskGroupId"]) } else { json!(["taskGroupId"]) };
        json!({
            "type": "object",
            "properties": {
                "taskId": slug,
                "decision": { "type": "object", "description": "Is not used." },
                "user": {
                    "type": "object",
                    "properties": {
                        "taskId": task_id,
                        "taskGroupId": slug,
                        "input": self.input_schema(),
                    },
                    "required": required,
                    "additionalProperties": false,
                },
            },
            "required": ["user"],
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_url_is_in_every_definition() {
        for action in &ACTIONS {
            let definition = json!({ "task": action.task("https://ci.example.com") }).to_string();
            assert_eq!(root_url_of(&definition).as_deref(), Some("https://ci.example.com"), "{}", action.name);
        }
        assert_eq!(root_url_of("{}"), None);
    }
}
