//! Hooks for the actions that decision tasks of a default branch offer.

use std::collections::BTreeSet;

use protocol::github::InTreeAction;
use serde_json::Value;

use super::{Github, Job, JobError};
use crate::hooks::{HookBody, HookError, HookName};

const MODIFY: &str = "hooks:modify-hook:";

impl Github {
    /// Creates those that the role of the branch may create, for the `.taskcluster.yml` of a push to the default branch; an error for each
    /// that could not be.
    pub async fn register_in_tree_actions(&self, job: &Job, file: &str) -> Vec<JobError> {
        if !self.0.settings.register_in_tree_actions || !job.event.is_of_default_branch() {
            return Vec::new();
        }
        let (role, scopes) = match self.powers(job) {
            Ok(powers) => powers,
            Err(error) => return vec![error],
        };
        let named = |scope: &String| InTreeAction::parse(scope.strip_prefix(MODIFY)?.strip_suffix("/*")?);
        let actions: BTreeSet<InTreeAction> = scopes.as_slice().iter().filter_map(named).collect();
        let mut errors = Vec::new();
        for action in actions {
            let name = HookName::new(&action.hook_group_id, &action.hook_id(file.as_bytes()));
            let needed = [format!("{MODIFY}{name}"), format!("assume:hook-id:{name}")];
            if !scopes.satisfies_all(needed.iter().map(String::as_str)) {
                continue;
            }
            let words = match action.hook(file.as_bytes(), &job.file.tasks) {
                Some(hook) => self.register(&name, hook, &role).await.err(),
                None => Some("`tasks` must be a list: its first task is that of actions".to_owned()),
            };
            errors.extend(words.map(|words| JobError::Hook { name: name.to_string(), words }));
        }
        errors
    }

    async fn register(&self, name: &HookName, hook: Value, role: &str) -> Result<(), String> {
        let body: HookBody = serde_json::from_value(hook).map_err(|error| error.to_string())?;
        let created = self.0.hooks.create(name, body.clone(), role).await;
        let done = match created {
            // Of another version of Drover.
            Err(HookError::Exists(_)) => self.0.hooks.update(name, body, role).await.map(drop),
            created => created.map(drop),
        };
        done.map_err(|error| error.to_string())
    }
}
