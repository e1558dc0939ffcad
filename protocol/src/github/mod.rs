//! GitHub as far as it is data: web hook deliveries, policies, comment commands, and the texts of check runs.

mod check;
mod command;
mod config;
mod cron_file;
mod delivery;
mod event;
mod in_tree_action;
mod policy;
mod signature;
mod state;
mod text;
mod yaml;

#[cfg(test)]
mod examples;
#[cfg(test)]
mod tests;

pub use check::{CheckConclusion, CheckStatus, GroupStatus};
pub use command::command;
pub use config::{ConfigError, HookToFire, MAX_FILE, TaskclusterYml};
pub use cron_file::{CronFile, CronFileError, CronJob, CronJobKind, DecisionTask, cron_date};
pub use delivery::{Delivery, InstallationChange, Rerun, UnreadableBody, read};
pub use event::{BuildEvent, BuildKind, Order, Repository, TasksFor};
pub use in_tree_action::InTreeAction;
pub use policy::{Decision, PullRequestPolicy};
pub use signature::{SignatureError, verify};
pub use state::{BuildState, DeliveryState, ReportKind};
pub use text::{MAX_BYTES, MAX_TITLE, cut, cut_title, without_mentions};

/// The scheduler of all tasks that deliveries cause.
pub const SCHEDULER_ID: &str = "taskcluster-github";
/// The route of tasks that are reported as check runs.
pub const CHECKS_ROUTE: &str = "checks";
/// The route of tasks whose group is reported as a commit status.
pub const STATUSES_ROUTE: &str = "statuses";
