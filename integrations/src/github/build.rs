//! The questions to GitHub between a delivery and its tasks.

use actors::github::{DeliveryRow, Job, JobError, JobOutcome};
use chrono::TimeDelta;
use protocol::github::{BuildEvent, BuildKind, Decision, PullRequestPolicy, TaskclusterYml, TasksFor};
use serde_json::Value;

use super::{
    jobs::{End, JobRunner, NotNow},
    reads::Reader,
};

/// A commit that was just pushed may not be everywhere at GitHub yet.
const REPLICATION: TimeDelta = TimeDelta::seconds(3);
const REPLICATION_TRIES: i32 = 3;

/// Whether an event may have tasks.
enum Allowed {
    As(TasksFor),
    No(End),
}

impl JobRunner {
    pub(super) async fn build(&self, row: &DeliveryRow, mut event: BuildEvent, mut body: Value) -> Result<End, NotNow> {
        let repository = event.repository.clone();
        if event.is_of_default_branch() {
            let (installation, pushed) = (event.installation, row.received);
            self.github.watch_for_cron(&repository, installation, &event.branch, pushed).await?;
        }
        let reader = Reader { app: &self.app, installation: event.installation, repository: &repository };
        let Some(sha) = head(&reader, &mut event, &mut body).await? else {
            return Ok(End::nothing("the commit is not there any more"));
        };
        let tasks_for = match self.allowed(&reader, &event, &sha).await? {
            Allowed::As(tasks_for) => tasks_for,
            Allowed::No(end) => return Ok(end),
        };
        let Some(text) = reader.file(Some(&sha)).await? else {
            return no_file(&reader, row, &sha).await;
        };
        let file = match TaskclusterYml::read(&text) {
            Ok(file) => file,
            Err(error) => return self.refuse(&event, &sha, &JobError::Config(error.to_string())).await,
        };
        let job = Job { lease: row.lease(), event, tasks_for, sha, body, file };
        // Before the decision task, which offers them.
        for error in self.github.register_in_tree_actions(&job, &text).await {
            self.github.comment(&job.event, Some(&job.sha), &error).await?;
        }
        self.carry_out(&job).await
    }

    async fn carry_out(&self, job: &Job) -> Result<End, NotNow> {
        let outcome = self.github.carry_out(job).await?;
        match outcome {
            JobOutcome::Lost => return Err(NotNow::Lost),
            JobOutcome::Late => return Ok(End::nothing("a newer event of the same branch or pull request came first")),
            JobOutcome::Refused(error) => return self.refuse(&job.event, &job.sha, &error).await,
            JobOutcome::Created(_) | JobOutcome::NoTasks => {}
        }
        for error in self.github.fire_hooks(job).await {
            self.github.comment(&job.event, Some(&job.sha), &error).await?;
        }
        if outcome == JobOutcome::NoTasks {
            return Ok(End::nothing("`.taskcluster.yml` has no tasks for this event"));
        }
        Ok(End::done())
    }

    async fn refuse(&self, event: &BuildEvent, sha: &str, error: &JobError) -> Result<End, NotNow> {
        self.github.comment(event, Some(sha), error).await?;
        Ok(End::failed(error))
    }

    /// By the policy of the default branch: the file of a pull request must not decide about itself.
    async fn allowed(&self, reader: &Reader<'_>, event: &BuildEvent, sha: &str) -> Result<Allowed, NotNow> {
        if !matches!(event.kind, BuildKind::PullRequest | BuildKind::Comment) {
            return Ok(Allowed::As(event.tasks_for()));
        }
        let file = reader.file(None).await?.map(|text| TaskclusterYml::read(&text));
        if event.kind == BuildKind::Comment {
            let allows = matches!(&file, Some(Ok(file)) if file.allows_comments());
            if !allows {
                return Ok(Allowed::No(End::nothing("the default branch does not allow comments to start tasks")));
            }
            if !reader.is_collaborator(&event.actor).await? {
                return Ok(Allowed::No(End::nothing("the comment is from somebody who is no collaborator")));
            }
            return Ok(Allowed::As(TasksFor::Comment));
        }
        let policy = match file {
            None => PullRequestPolicy::CollaboratorsQuiet,
            Some(Ok(file)) => file.pull_requests(),
            // A file that cannot be read gives nobody more than the default.
            Some(Err(_)) => PullRequestPolicy::default(),
        };
        let trusted = !policy.asks_for_trust() || is_trusted(reader, event).await?;
        Ok(match policy.decide(trusted, &event.action) {
            Decision::Run => Allowed::As(TasksFor::PullRequest),
            Decision::RunUntrusted => Allowed::As(TasksFor::PullRequestUntrusted),
            Decision::RefuseWithComment => {
                self.github.comment(event, Some(sha), &JobError::NoCollaborator).await?;
                Allowed::No(End::nothing("the pull request is from somebody who is no collaborator"))
            }
            Decision::Refuse => Allowed::No(End::nothing("the pull request is from somebody who is no collaborator")),
        })
    }
}

/// Who opened it is a collaborator, and the owner of the head repository is one too or owns the base. A fork that was deleted
/// has no owner.
async fn is_trusted(reader: &Reader<'_>, event: &BuildEvent) -> Result<bool, NotNow> {
    let Some(head_owner) = &event.head_owner else { return Ok(false) };
    if !reader.is_collaborator(&event.actor).await? {
        return Ok(false);
    }
    Ok(head_owner.eq_ignore_ascii_case(&event.repository.owner) || reader.is_collaborator(head_owner).await?)
}

/// The commit that an event is about. A comment is completed by its pull request.
async fn head(reader: &Reader<'_>, event: &mut BuildEvent, body: &mut Value) -> Result<Option<String>, NotNow> {
    if let Some(sha) = &event.sha {
        return Ok(Some(sha.clone()));
    }
    let Some(number) = event.pull_request else { return Ok(reader.commit(&format!("tags/{}", event.branch)).await?) };
    let Some(pull_request) = reader.pull_request(number).await? else { return Ok(None) };
    let sha = pull_request["head"]["sha"].as_str().map(str::to_owned);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("pull_request".to_owned(), pull_request);
        fields.insert("taskcluster_comment".to_owned(), Value::from(event.command.clone()));
    }
    Ok(sha)
}

async fn no_file(reader: &Reader<'_>, row: &DeliveryRow, sha: &str) -> Result<End, NotNow> {
    if reader.commit(sha).await?.is_some() {
        return Ok(End::nothing("the commit has no `.taskcluster.yml`"));
    }
    if row.attempts < REPLICATION_TRIES {
        return Err(NotNow::Wait(REPLICATION, format!("GitHub does not have the commit {sha} yet")));
    }
    Ok(End::nothing("the commit is not there any more"))
}
