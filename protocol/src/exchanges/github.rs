//! The exchanges of GitHub.

use super::{ExchangeDeclaration, KeyField, ServiceExchanges};

/// The exchanges of GitHub, with their documentation.
pub const SERVICE: ServiceExchanges = ServiceExchanges {
    service: "github",
    title: "GitHub messages",
    description: "Deliveries of the web hook that tasks may be made for, and task groups that were made for them.",
    exchanges: EXCHANGES,
};

pub const PULL_REQUEST: &ExchangeDeclaration = &EXCHANGES[0];
pub const PUSH: &ExchangeDeclaration = &EXCHANGES[1];
pub const RELEASE: &ExchangeDeclaration = &EXCHANGES[2];
pub const RERUN: &ExchangeDeclaration = &EXCHANGES[3];
pub const TASK_GROUP_CREATION_REQUESTED: &ExchangeDeclaration = &EXCHANGES[4];

const EXCHANGES: &[ExchangeDeclaration] = &[
    ExchangeDeclaration {
        key: KEY_WITH_ACTION,
        ..named(
            "pull-request",
            "pullRequest",
            "GitHub Pull Request Event",
            "A pull request changed, or a comment on it holds a command.",
            "github-pull-request-message",
        )
    },
    named("push", "push", "GitHub push Event", "Commits or a tag were pushed.", "github-push-message"),
    named("release", "release", "GitHub release Event", "A release changed.", "github-release-message"),
    named("rerun", "rerun", "GitHub re-run task Event", "A check run was requested again.", "github-rerun-message"),
    ExchangeDeclaration {
        cc: true,
        ..named(
            "task-group-creation-requested",
            "taskGroupCreationRequested",
            "Task group of a delivery",
            "The tasks of a delivery were created, all of them at once.",
            "task-group-creation-requested",
        )
    },
];

/// GitHub's own limits.
const MAX_NAME: usize = 100;

const ORGANIZATION: KeyField =
    KeyField::required("organization", MAX_NAME, "The owner of the repository, with `%` for dots.");
const REPOSITORY: KeyField =
    KeyField::required("repository", MAX_NAME, "The name of the repository, with `%` for dots.");
const KEY: &[KeyField] = &[KeyField::primary(), ORGANIZATION, REPOSITORY];
const KEY_WITH_ACTION: &[KeyField] = &[
    KeyField::primary(),
    ORGANIZATION,
    REPOSITORY,
    KeyField::required("action", 40, "What happened, in the words of GitHub."),
];

const fn named(
    name: &'static str,
    client_name: &'static str,
    title: &'static str,
    description: &'static str,
    schema: &'static str,
) -> ExchangeDeclaration {
    ExchangeDeclaration { service: "github", name, client_name, title, description, key: KEY, schema, cc: false }
}
