//! Why an event has no tasks: the fault of the repository, published in a comment.

use protocol::{id::TaskId, scope::ScopeExpression};

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
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::Template(_) => "template",
            Self::Task { .. } => "task",
            Self::Scopes { .. } => "scopes",
            Self::Hook { .. } => "hook",
            Self::Cron { .. } | Self::NoCronRole { .. } => "cron",
            Self::NoCollaborator => "collaborator",
        }
    }
}

fn insufficient(role: &str, missing: &ScopeExpression) -> String {
    let missing = serde_json::to_string_pretty(missing).unwrap_or_default();
    format!(
        "The role `{role}` does not give the scopes that creating the tasks takes. Missing:\n\n```json\n{missing}\n```"
    )
}
