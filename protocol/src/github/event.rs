//! An event of a repository that may cause tasks.

use serde::{Deserialize, Serialize};

/// Owner and name, which are safe in paths, routing keys and scopes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    pub owner: String,
    pub name: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildKind {
    Push,
    PullRequest,
    Release,
    /// A command in a comment on a pull request.
    Comment,
}

/// The variable `tasks_for` of templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TasksFor {
    #[serde(rename = "github-push")]
    Push,
    #[serde(rename = "github-pull-request")]
    PullRequest,
    #[serde(rename = "github-pull-request-untrusted")]
    PullRequestUntrusted,
    #[serde(rename = "github-release")]
    Release,
    #[serde(rename = "github-issue-comment")]
    Comment,
}

/// How to see that a delivery is older than one that came before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A push: the branch was at `before`, and is at `after`.
    Push {
        before: String,
        after: String,
    },
    /// The time of the pull request's last change, as GitHub writes it.
    Updated(String),
    None,
}

/// An event that tasks may be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildEvent {
    pub kind: BuildKind,
    pub repository: Repository,
    pub installation: i64,
    pub default_branch: String,
    /// Head of the push or pull request. GitHub must be asked for that of a release or of a comment's pull request.
    pub sha: Option<String>,
    /// The name of the branch or tag, without `refs/heads/` or `refs/tags/`.
    pub branch: String,
    /// A push of a tag.
    pub is_tag: bool,
    /// Of pull requests, releases and comments.
    pub action: String,
    pub pull_request: Option<i64>,
    /// Who caused the event: pushed, opened the pull request, released, commented.
    pub actor: String,
    /// Owner of the head repository of a pull request; none when the fork was deleted.
    pub head_owner: Option<String>,
    /// Of a comment.
    pub command: Option<String>,
    pub order: Order,
}

impl BuildEvent {
    /// Deliveries of one subject are handled in order, one at a time.
    pub fn subject(&self) -> String {
        match (self.pull_request, self.kind) {
            (Some(number), _) => format!("pull/{number}"),
            (None, BuildKind::Release) => format!("release/{}", self.branch),
            (None, _) if self.is_tag => format!("tag/{}", self.branch),
            (None, _) => format!("branch/{}", self.branch),
        }
    }

    /// A push to the default branch.
    pub fn is_of_default_branch(&self) -> bool {
        self.kind == BuildKind::Push && !self.is_tag && self.branch == self.default_branch
    }

    /// The type of the event, as builds show it.
    pub fn event_type(&self) -> String {
        match self.kind {
            BuildKind::Push if self.is_tag => "tag".to_owned(),
            BuildKind::Push => "push".to_owned(),
            BuildKind::PullRequest => format!("pull_request.{}", self.action),
            BuildKind::Release => "release".to_owned(),
            BuildKind::Comment => "issue_comment".to_owned(),
        }
    }

    /// A newer build of the same subject and class cancels an older one. The default branch, tags, releases and
    /// comments cancel nothing.
    pub fn cancel_class(&self) -> Option<String> {
        match self.kind {
            BuildKind::Push if !self.is_tag && self.branch != self.default_branch => Some("push".to_owned()),
            BuildKind::PullRequest => Some(match self.action.as_str() {
                "opened" | "synchronize" => "pull_request".to_owned(),
                action => format!("pull_request.{action}"),
            }),
            _ => None,
        }
    }

    /// `tasks_for` of a trusted event.
    pub fn tasks_for(&self) -> TasksFor {
        match self.kind {
            BuildKind::Push => TasksFor::Push,
            BuildKind::PullRequest => TasksFor::PullRequest,
            BuildKind::Release => TasksFor::Release,
            BuildKind::Comment => TasksFor::Comment,
        }
    }

    /// The scope of the role that tasks of this event get their scopes from.
    pub fn role_scope(&self, tasks_for: TasksFor) -> String {
        let end = match tasks_for {
            TasksFor::Push if self.is_tag => format!("tag:{}", self.branch),
            TasksFor::Push => format!("branch:{}", self.branch),
            TasksFor::PullRequest | TasksFor::Comment => "pull-request".to_owned(),
            TasksFor::PullRequestUntrusted => "pull-request-untrusted".to_owned(),
            TasksFor::Release => format!("release:{}", self.action),
        };
        format!("{}{end}", self.repository.role_prefix())
    }

    /// The scope that allows reruns from GitHub.
    pub fn rerun_scope(repository: &Repository) -> String {
        format!("{}rerun", repository.role_prefix())
    }
}

impl Repository {
    /// None where GitHub would not allow the names.
    pub fn new(owner: &str, name: &str) -> Option<Self> {
        let allowed = |text: &str| {
            (1..=100).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                && !text.bytes().all(|byte| byte == b'.')
        };
        (allowed(owner) && allowed(name)).then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    /// The scope of the role that a job of `.cron.yml` gets its scopes from.
    pub fn cron_scope(&self, job: &str) -> String {
        format!("{}cron:{job}", self.role_prefix())
    }

    fn role_prefix(&self) -> String {
        format!("assume:repo:github.com/{}/{}:", self.owner, self.name)
    }
}

impl TasksFor {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "github-push",
            Self::PullRequest => "github-pull-request",
            Self::PullRequestUntrusted => "github-pull-request-untrusted",
            Self::Release => "github-release",
            Self::Comment => "github-issue-comment",
        }
    }
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}
