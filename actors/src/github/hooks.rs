//! Hooks that a `.taskcluster.yml` fires besides its tasks. Each has one fire for a delivery, however often it is tried.

use protocol::{github::HookToFire, time};
use serde_json::{Map, Value, json};

use super::{Github, Job, JobError};
use crate::hooks::{HookName, Trigger};

impl Github {
    /// Fires the hooks of a job; an error for each that could not be.
    pub async fn fire_hooks(&self, job: &Job) -> Vec<JobError> {
        let mut errors = Vec::new();
        for (number, hook) in (1..).zip(&job.file.hooks) {
            if let Err(words) = self.fire_hook(job, hook, number).await {
                errors.push(JobError::Hook { name: hook.name.clone(), words });
            }
        }
        errors
    }

    async fn fire_hook(&self, job: &Job, hook: &HookToFire, number: usize) -> Result<(), String> {
        let (group, id) = hook.name.split_once('/').ok_or("its name must be hookGroupId/hookId")?;
        let (role, scopes) = self.powers(job).map_err(|error| error.to_string())?;
        let needed = format!("github:trigger-hook:{}", hook.name);
        if !scopes.satisfies(&needed) {
            return Err(format!("the role `{role}` lacks the scope `{needed}`"));
        }
        let payload = self.payload(job, hook, number);
        let trigger = Trigger::Client(role);
        let fired = self.0.hooks.trigger(&HookName::new(group, id), &trigger, payload).await;
        fired.map(drop).map_err(|error| error.to_string())
    }

    fn payload(&self, job: &Job, hook: &HookToFire, number: usize) -> Map<String, Value> {
        let task_id = self.ids(&job.lease).id(&format!("hook {number}"));
        let fields = [
            ("event", job.body.clone()),
            ("now", json!(time::format(self.0.clock.now()))),
            ("taskcluster_root_url", json!(self.0.root_url)),
            ("tasks_for", json!(job.tasks_for.as_str())),
            ("taskId", json!(task_id)),
            ("context", Value::Object(hook.context.clone())),
        ];
        fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}
