//! Hooks for the actions that a decision task of taskgraph offers: each makes the task of a repository's `.taskcluster.yml`, with
//! `tasks_for` as `action`. Their names end with a hash of the file, so that an action is carried out as the file was when it was offered.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What hooks of one kind of action are named after: `project-<trust domain>/in-tree-action-<level>-<permission>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InTreeAction {
    pub hook_group_id: String,
    /// Without the hash.
    hook: String,
    permission: String,
    /// Of pull requests, whose scopes are those of the repository that they are for.
    of_pull_requests: bool,
}

const ACTION: &str = "in-tree-action-";
const PULL_REQUEST_ACTION: &str = "in-tree-pr-action-";
/// Letters of the hash, in hex.
const HASH: usize = 10;
/// Nobody: what fails is shown to whoever runs the action.
const OWNER: &str = "nobody@drover.invalid";

impl InTreeAction {
    /// None where the text is no such name.
    pub fn parse(name: &str) -> Option<Self> {
        let (group, hook) = name.split_once('/')?;
        let project = group.strip_prefix("project-")?;
        let (rest, of_pull_requests) = match hook.strip_prefix(ACTION) {
            Some(rest) => (rest, false),
            None => (hook.strip_prefix(PULL_REQUEST_ACTION)?, true),
        };
        let (level, permission) = rest.split_once('-')?;
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let is_level = !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit());
        (is_word(project) && is_level && is_word(permission)).then(|| Self {
            hook_group_id: group.to_owned(),
            hook: hook.to_owned(),
            permission: permission.to_owned(),
            of_pull_requests,
        })
    }

    /// The id of its hook for this `.taskcluster.yml`, as taskgraph computes it.
    pub fn hook_id(&self, file: &[u8]) -> String {
        format!("{}/{}", self.hook, &hex::encode(Sha256::digest(file))[..HASH])
    }

    /// The body of `createHook` for a file with this list of tasks. None where it is no list: only the tasks of a list are found.
    pub fn hook(&self, file: &[u8], tasks: &Value) -> Option<Value> {
        let task = tasks.as_array()?.first()?;
        let (hook_id, permission) = (self.hook_id(file), &self.permission);
        let kind = if self.of_pull_requests { "pr-action" } else { "action" };
        Some(json!({
            "hookGroupId": self.hook_group_id,
            "hookId": hook_id,
            "metadata": {
                "name": format!("{}/{hook_id}", self.hook_group_id),
                "description": format!(
                    "Runs actions with the permission `{permission}` that a decision task of a `.taskcluster.yml` with this hash offers."
                ),
                "owner": OWNER,
                "emailOnError": false,
            },
            "schedule": [],
            "bindings": [],
            "triggerSchema": trigger_schema(),
            "task": { "$let": self.variables(kind), "in": task },
        }))
    }

    /// What the file knows of the action, from the payload of the trigger. The permission is not of the payload: the role of the hook
    /// has scopes for this one only.
    fn variables(&self, kind: &str) -> Value {
        let of_action = |field: &str| json!(format!("${{payload.decision.action.{field}}}"));
        let repository = if self.of_pull_requests { "base_url" } else { "url" };
        json!({
            "tasks_for": kind,
            "action": {
                "name": of_action("name"),
                "title": of_action("title"),
                "description": of_action("description"),
                "taskGroupId": of_action("taskGroupId"),
                "symbol": of_action("symbol"),
                "cb_name": of_action("cb_name"),
                "repo_scope":
                    format!("assume:repo:${{payload.decision.repository.{repository}[8:]}}:action:{}", self.permission),
                "action_perm": self.permission,
            },
            "push": { "$eval": "payload.decision.push" },
            "repository": { "$eval": "payload.decision.repository" },
            "input": { "$eval": "payload.user.input" },
            "parameters": { "$eval": "payload.decision['parameters']" },
            // Of the task that the action is about; the hook's own one is what templates call their own.
            "taskId": { "$eval": "payload.user.taskId" },
            "taskGroupId": { "$eval": "payload.user.taskGroupId" },
            "ownTaskId": { "$eval": "taskId" },
        })
    }
}

/// What `actions.json` makes hooks be triggered with.
fn trigger_schema() -> Value {
    let texts = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    let object = |properties: serde_json::Map<String, Value>, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
    let action = ["name", "title", "description", "taskGroupId", "cb_name", "symbol"];
    let push = ["owner", "revision", "pushlog_id", "base_revision", "branch", "base_branch"];
    let mut repository: serde_json::Map<String, Value> = texts(&["url", "project", "level", "base_url"]);
    repository.insert("url".to_owned(), json!({ "type": "string", "pattern": "[^/]$" }));
    json!({
        "type": "object",
        "properties": {
            "decision": {
                "type": "object",
                "properties": {
                    "action": object(texts(&action), &action),
                    "push": object(texts(&push), &push[..3]),
                    "repository": object(repository, &["url", "project", "level"]),
                    "parameters": { "type": "object" },
                },
                "required": ["action", "push", "repository"],
                "additionalProperties": false,
            },
            "user": {
                "type": "object",
                "properties": {
                    "input": { "type": ["object", "null"] },
                    "taskId": { "type": ["string", "null"] },
                    "taskGroupId": { "type": "string" },
                },
                "required": ["input", "taskId", "taskGroupId"],
                "additionalProperties": false,
            },
        },
        "required": ["decision", "user"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_taskgraph() {
        let action = InTreeAction::parse("project-sample/in-tree-action-3-retrigger-decision").unwrap();
        assert_eq!((&*action.hook_group_id, &*action.permission), ("project-sample", "retrigger-decision"));
        // sha256sum of the text.
        assert_eq!(action.hook_id(b"version: 1\n"), "in-tree-action-3-retrigger-decision/09bfcc6a14");
        assert!(InTreeAction::parse("project-a/in-tree-pr-action-1-generic").unwrap().of_pull_requests);
        for name in [
            "sample/in-tree-action-1-generic",
            "project-/in-tree-action-1-generic",
            "project-a/in-tree-action-generic",
            "project-a/in-tree-action-x-generic",
            "project-a/in-tree-action-1-",
            "project-a/in-tree-action-1-generic/*",
            "project-a/other",
            "project-a",
        ] {
            assert_eq!(InTreeAction::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_hook_holds_the_first_task_of_the_file() {
        let action = InTreeAction::parse("project-a/in-tree-pr-action-1-generic").unwrap();
        assert_eq!(action.hook(b"", &json!({ "$map": [] })), None);
        let hook = action.hook(b"", &json!([{ "x": 1 }, { "x": 2 }])).unwrap();
        assert_eq!(hook["task"]["in"], json!({ "x": 1 }));
        assert_eq!(hook["task"]["$let"]["tasks_for"], "pr-action");
        let scope = "assume:repo:${payload.decision.repository.base_url[8:]}:action:generic";
        assert_eq!(hook["task"]["$let"]["action"]["repo_scope"], scope);
        assert_eq!(hook["hookId"], action.hook_id(b""));
    }
}
