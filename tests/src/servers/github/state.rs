//! What the GitHub of the tests knows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Everything that it knows. Tests read and change it freely.
#[derive(Debug, Default)]
pub struct GithubState {
    /// By `owner/name`.
    pub repositories: BTreeMap<String, GithubRepository>,
    pub checks: Vec<Value>,
    pub statuses: Vec<Value>,
    pub comments: Vec<Value>,
    /// As `GET /app/hook/deliveries` lists them.
    pub deliveries: Vec<Value>,
    /// Deliveries that were asked for again.
    pub redelivered: Vec<i64>,
    /// Each is used once, by the first call that it is about.
    pub faults: Vec<GithubFault>,
    /// Method and path of every call.
    pub calls: Vec<String>,
    /// Installation tokens that were handed out.
    pub tokens: BTreeSet<String>,
    pub(super) next_id: i64,
}

/// A repository.
#[derive(Debug, Clone, Default)]
pub struct GithubRepository {
    /// The file `.taskcluster.yml` of the default branch.
    pub default_file: Option<String>,
    /// Of commits; a commit without an entry does not exist.
    pub files: BTreeMap<String, Option<String>>,
    pub collaborators: BTreeSet<String>,
    pub pull_requests: BTreeMap<i64, Value>,
    /// Commits of tags.
    pub tags: BTreeMap<String, String>,
    /// Commits of branches, and the file `.cron.yml` of commits.
    pub heads: BTreeMap<String, String>,
    pub cron_files: BTreeMap<String, String>,
    /// When it was last pushed to.
    pub pushed_at: Option<String>,
}

/// What goes wrong with one call.
#[derive(Debug, Clone)]
pub struct GithubFault {
    /// Text that method and path must contain, like `POST` or `/check-runs`.
    pub of: &'static str,
    pub kind: GithubFaultKind,
}

#[derive(Debug, Clone)]
pub enum GithubFaultKind {
    /// Answers so, and does nothing.
    Answer { status: u16, headers: Vec<(&'static str, String)>, message: &'static str },
    /// Does it, and closes the connection without an answer.
    LoseAnswer,
}

impl GithubFault {
    pub fn answer(of: &'static str, status: u16, message: &'static str) -> Self {
        Self { of, kind: GithubFaultKind::Answer { status, headers: Vec::new(), message } }
    }

    pub fn lose_answer(of: &'static str) -> Self {
        Self { of, kind: GithubFaultKind::LoseAnswer }
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let GithubFaultKind::Answer { headers, .. } = &mut self.kind {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

impl GithubRepository {
    /// With the same file on the default branch and at a commit.
    pub fn with_file(sha: &str, file: &str) -> Self {
        Self {
            default_file: Some(file.to_owned()),
            files: [(sha.to_owned(), Some(file.to_owned()))].into(),
            ..Self::default()
        }
    }
}

impl GithubState {
    pub(super) fn new_id(&mut self) -> i64 {
        self.next_id += 1;
        1000 + self.next_id
    }

    /// The fault of this call, if it has one.
    pub(super) fn fault(&mut self, call: &str) -> Option<GithubFaultKind> {
        let found = self.faults.iter().position(|fault| call.contains(fault.of))?;
        Some(self.faults.remove(found).kind)
    }
}
