//! What cannot be reported of a task to Treeherder.

use crate::error::FieldError;

/// Why a task, or a part of it, is not reported. The text is for the author of the task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the definition of the task cannot be read: {0}")]
    Unreadable(String),
    #[error("the route `{0}` must be `{1}.v2.<project>.<revision>` or the same with `.<push id>` behind it")]
    Route(String, String),
    #[error(
        "the project `{0}` of the route must be letters, digits, `_` and `-`, at most 50, or two such words with a slash between them"
    )]
    Project(String),
    #[error("the revision `{0}` of the route must be exactly 40 hexadecimal digits in lower case")]
    Revision(String),
    #[error("the push id `{0}` of the route must be a number")]
    PushId(String),
    #[error("the task has {1} routes that begin with `{0}.`; Treeherder wants exactly one")]
    SeveralRoutes(String, usize),
    #[error("the task has a Treeherder route but no `extra.treeherder`; give it at least a `symbol`")]
    NoConfig,
    #[error("`extra.treeherder` is not as Treeherder wants it: {}", joined(.0))]
    Config(Vec<FieldError>),
    #[error("the job message is not as its schema says: {}", joined(.0))]
    Message(Vec<FieldError>),
    #[error("`{0}` is too long for a routing key of the form of 2019: at most 25 characters")]
    KeyOf2019(String),
    #[error("{0} artifacts have addresses of more than 512 characters and are not linked")]
    LinksDropped(usize),
    #[error("{0} artifacts have more than 125 characters after their last slash; the texts of their links are cut")]
    TextsCut(usize),
    #[error("the address of the log has more than 255 characters; it is left out")]
    LogDropped,
    #[error("the worker id `{0}` is not a name that Treeherder takes; the machine is reported as `unknown`")]
    Worker(String),
    #[error("the run has more than {0} artifacts; those after the first {0} are not linked")]
    LinkLimit(usize),
}

impl Problem {
    /// A code for metrics and for searches.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "definition",
            Self::Route(..) => "route",
            Self::Project(_) => "project",
            Self::Revision(_) => "revision",
            Self::PushId(_) => "push-id",
            Self::SeveralRoutes(..) => "several-routes",
            Self::NoConfig => "no-config",
            Self::Config(_) => "config",
            Self::Message(_) => "message",
            Self::KeyOf2019(_) => "key-of-2019",
            Self::LinksDropped(_) => "links-dropped",
            Self::TextsCut(_) => "texts-cut",
            Self::LogDropped => "log-dropped",
            Self::Worker(_) => "worker",
            Self::LinkLimit(_) => "link-limit",
        }
    }

    /// The task is not reported at all, rather than something being left out.
    pub const fn is_total(&self) -> bool {
        !matches!(
            self,
            Self::LinksDropped(_) | Self::TextsCut(_) | Self::LogDropped | Self::Worker(_) | Self::LinkLimit(_)
        )
    }
}

fn joined(errors: &[FieldError]) -> String {
    errors.iter().map(|error| format!("data{error}")).collect::<Vec<_>>().join("; ")
}
