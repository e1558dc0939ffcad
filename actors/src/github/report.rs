//! Statuses and comments that clients ask for. They are stored for GitHub, and sent by the crate `integrations`.

use db::github::NewReport;
use protocol::{
    error::FieldError,
    github::{MAX_BYTES, ReportKind, Repository},
};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Github, GithubError, Result};

/// A commit status.
#[derive(Debug, Clone, Deserialize)]
pub struct CommitStatus {
    pub state: String,
    pub target_url: Option<String>,
    pub description: Option<String>,
    pub context: Option<String>,
}

/// What GitHub takes for a context that is not given.
const DEFAULT_CONTEXT: &str = "default";
const MAX_CONTEXT: usize = 255;
/// Characters that GitHub takes.
const MAX_DESCRIPTION: usize = 140;

impl Github {
    /// The status of a commit in its context, from now on.
    pub async fn create_status(&self, repository: &Repository, sha: &str, status: CommitStatus) -> Result<()> {
        let CommitStatus { state, target_url, description, context } = status;
        check(
            sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "params/sha",
            "be the 40 digits of a commit",
            sha,
        )?;
        let context = context.unwrap_or_else(|| DEFAULT_CONTEXT.to_owned());
        check(context.len() <= MAX_CONTEXT, "payload/context", "have at most 255 bytes", &context)?;
        let description = description.map(|text| text.chars().take(MAX_DESCRIPTION).collect::<String>());
        let sha = sha.to_ascii_lowercase();
        let shown = json!({
            "sha": sha, "state": state, "target_url": target_url, "description": description, "context": context,
        });
        self.put(repository, ReportKind::Status, format!("{sha} {context}"), &shown).await
    }

    /// A comment on an issue or a pull request. The same text on the same one is one comment.
    pub async fn create_comment(&self, repository: &Repository, number: &str, body: &str) -> Result<()> {
        let issue: Option<i64> = number.parse().ok().filter(|number| *number > 0);
        check(issue.is_some(), "params/number", "be the number of an issue", number)?;
        check(!body.trim().is_empty() && body.len() <= MAX_BYTES, "payload/body", "have 1 to 60000 bytes", body)?;
        let cause = hex::encode(&Sha256::digest(body)[..16]);
        let content = json!({ "issue": issue, "body": body });
        self.put(repository, ReportKind::Comment, format!("issue/{number} {cause}"), &content).await
    }

    async fn put(
        &self,
        repository: &Repository,
        kind: ReportKind,
        subject: String,
        content: &serde_json::Value,
    ) -> Result<()> {
        let report = NewReport {
            kind,
            repository: repository.clone(),
            subject,
            installation: self.installation(repository).await?,
            task_group_id: None,
            content: content.to_string(),
            rank: 0,
        };
        self.0.db.github_report_put(&report, self.0.clock.now()).await?;
        self.0.wakeups.reports.notify();
        Ok(())
    }
}

fn check(good: bool, field: &str, expected: &str, got: &str) -> Result<()> {
    if good {
        return Ok(());
    }
    let got: String = got.chars().take(100).collect();
    Err(GithubError::Field(FieldError::new(format!("/{field}"), expected, format!("`{got}`"))))
}
