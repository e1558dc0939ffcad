//! A job becomes a task.

use actors::github::{CronBody, CronTask, DeliveryRow, JobOutcome};
use protocol::github::{Repository, TaskclusterYml};
use serde_json::Value;

use super::super::{
    jobs::{End, JobRunner, NotNow},
    reads::Reader,
};

impl JobRunner {
    /// Asks GitHub for `.taskcluster.yml` as it was when the date had come.
    pub(in crate::github) async fn cron(&self, row: &DeliveryRow, body: Value) -> Result<End, NotNow> {
        let body: CronBody = match serde_json::from_value(body) {
            Ok(body) => body,
            Err(error) => return Ok(End::failed(&format!("the job cannot be read: {error}"))),
        };
        let name = row.repository.split_once('/').and_then(|(owner, name)| Repository::new(owner, name));
        let Some(repository) = name else { return Ok(End::failed(&"the job is of no repository")) };
        let reader = Reader { app: &self.app, installation: body.installation, repository: &repository };
        let Some(text) = reader.file(Some(&body.sha)).await? else {
            return Ok(End::nothing("the commit has no `.taskcluster.yml`"));
        };
        let file = match TaskclusterYml::read(&text) {
            Ok(file) => file,
            Err(error) => return Ok(End::failed(&error)),
        };
        let task = CronTask { lease: row.lease(), repository, body, file };
        Ok(match self.github.make_cron_task(&task).await? {
            JobOutcome::Created(group) => {
                let job = &task.body.job.name;
                tracing::info!(repository = row.repository, job, task_group.id = %group, "job of .cron.yml has its task");
                End::done()
            }
            JobOutcome::Refused(error) => End::failed(&error),
            JobOutcome::NoTasks | JobOutcome::Late | JobOutcome::Lost => End::nothing("there is nothing to make"),
        })
    }
}
