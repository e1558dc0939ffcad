//! Why an event has no tasks: the fault of the repository, published in a comment.

use std::borrow::Cow;

use protocol::{id::TaskId, scope::ScopeExpression};
use sha2::{Digest, Sha256};

/// A commit has no more comments about jobs of `.cron.yml`, however many are at fault.
const CRON_COMMENTS: u64 = 8;

/// What the author of a repository can change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JobError {
    #[error("{0}")]
    Config(String),
    #[error("The template of `.taskcluster.yml` cannot be rendered: {0}")]
    Template(String),
    #[error("The task {task_id} of `.taskcluster.yml` cannot be created: {words}")]
    Task { task_id: TaskId, words: String },
    #[error("{}", insufficient(.role, .missing))]
    Scopes { role: String, missing: Box<ScopeExpression> },
    #[error("The hook `{name}` of `.taskcluster.yml` was not fired: {words}")]
    Hook { name: String, words: String },
    #[error("{0}")]
    CronFile(String),
    #[error("The job `{job}` of `.cron.yml` is not run: {words}")]
    Cron { job: String, words: String },
    #[error("The role `{role}` gives no scopes to create tasks with, so that the job of `.cron.yml` is not run.")]
    NoCronRole { role: String },
    #[error(
        "The pull request is from somebody who is no collaborator of this repository, so no tasks were started. A collaborator can start them."
    )]
    NoCollaborator,
}

impl JobError {
    pub(super) fn task(task_id: TaskId, words: String) -> Self {
        Self::Task { task_id, words }
    }

    /// A role lacks scopes.
    pub(super) fn is_of_role(&self) -> bool {
        matches!(self, Self::Scopes { .. } | Self::NoCronRole { .. })
    }

    /// One comment for each commit and cause.
    pub fn cause(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Config(_) => "config",
            Self::Template(_) => "template",
            Self::Task { .. } => "task",
            Self::Scopes { .. } => "scopes",
            Self::Hook { .. } => "hook",
            Self::CronFile(_) => "cron-file",
            Self::Cron { job, .. } => return Cow::Owned(format!("cron {}", digest(job) % CRON_COMMENTS)),
            Self::NoCronRole { .. } => "cron",
            Self::NoCollaborator => "collaborator",
        })
    }

    /// Of two jobs of `.cron.yml` that would have the same comment, the one of the higher rank has it: jobs that are at fault at each of
    /// their dates do not replace each other's comments in turn.
    pub(super) fn rank(&self) -> i64 {
        match self {
            Self::Cron { job, .. } => (digest(job) >> 1).cast_signed(),
            _ => 0,
        }
    }
}

fn digest(job: &str) -> u64 {
    let digest = Sha256::digest(job);
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(bytes)
}

fn insufficient(role: &str, missing: &ScopeExpression) -> String {
    let missing = serde_json::to_string_pretty(missing).unwrap_or_default();
    format!(
        "The role `{role}` does not give the scopes that creating the tasks takes. Missing:\n\n```json\n{missing}\n```"
    )
}
