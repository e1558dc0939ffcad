//! What GitHub is shown of a job: its tasks as they begin, and what is wrong with it.

use db::github::NewReport;
use protocol::{
    github::{BuildEvent, MAX_BYTES, ReportKind, Repository, cut, without_mentions},
    id::TaskGroupId,
};
use serde_json::{Value, json};

use super::{Github, Job, JobError, Result, check::Check};
use crate::queue::types::NewTask;

impl Github {
    /// A check run for each task, or one status.
    pub(super) fn reports(&self, job: &Job, tasks: &[NewTask]) -> Vec<NewReport> {
        let report = |kind, subject: String, content: String, rank, group| NewReport {
            kind,
            repository: job.event.repository.clone(),
            subject,
            installation: job.event.installation,
            task_group_id: Some(group),
            content,
            rank,
        };
        if job.file.by_checks() {
            let checks = tasks.iter().map(|task| {
                let check = Check {
                    task_id: task.task_id,
                    name: &task.definition.metadata.name,
                    description: &task.definition.metadata.description,
                    sha: &job.sha,
                    root_url: &self.0.root_url,
                };
                let group = task.definition.task_group_id;
                report(ReportKind::Check, task.task_id.to_string(), check.queued(), 0, group)
            });
            return checks.collect();
        }
        let status = |task: &NewTask| {
            let group = task.definition.task_group_id;
            let status = self.status(job, group);
            let context = status["context"].as_str().unwrap_or_default();
            report(ReportKind::Status, format!("{} {context}", job.sha), status.to_string(), 0, group)
        };
        tasks.first().map(status).into_iter().collect()
    }

    fn status(&self, job: &Job, group: TaskGroupId) -> Value {
        let event = job.event.event_type();
        json!({
            "sha": job.sha,
            "state": "pending",
            "target_url": format!("{}/tasks/groups/{group}", self.0.root_url),
            "description": format!("The task group of this {event}"),
            "context": format!("Taskcluster ({})", event.split('.').next().unwrap_or_default()),
        })
    }

    /// A comment about a fault, once for each commit and cause.
    pub async fn comment(&self, event: &BuildEvent, sha: Option<&str>, error: &JobError) -> Result<()> {
        let (body, place) = (comment(error), (&event.repository, event.installation));
        let (subject, content) = match (event.pull_request, sha) {
            (Some(number), _) => (format!("issue/{number}"), json!({ "issue": number, "body": body })),
            (None, Some(sha)) => {
                return self.comment_on_commit(place, sha, error).await;
            }
            (None, None) => return Ok(()),
        };
        let subject = format!("{subject} {} {}", sha.unwrap_or_default(), error.cause());
        self.put_comment(place, subject, &content, error.rank()).await
    }

    pub(super) async fn comment_on_commit(&self, place: (&Repository, i64), sha: &str, error: &JobError) -> Result<()> {
        let subject = format!("commit {sha} {}", error.cause());
        self.put_comment(place, subject, &json!({ "sha": sha, "body": comment(error) }), error.rank()).await
    }

    async fn put_comment(
        &self,
        (repository, installation): (&Repository, i64),
        subject: String,
        content: &Value,
        rank: i64,
    ) -> Result<()> {
        let report = NewReport {
            kind: ReportKind::Comment,
            repository: repository.clone(),
            subject,
            installation,
            task_group_id: None,
            content: content.to_string(),
            rank,
        };
        self.0.db.github_report_put(&report, self.0.clock.now()).await?;
        self.0.wakeups.reports.notify();
        Ok(())
    }
}

fn comment(error: &JobError) -> String {
    cut(&without_mentions(&error.to_string()), MAX_BYTES, "cut")
}
