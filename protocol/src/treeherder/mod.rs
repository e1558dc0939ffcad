//! Treeherder's job messages: how a run of a task with a Treeherder route is reported. Pure: from the task and its status
//! to the message.
//!
//! Two forms exist: the present one, which Treeherder's own loader takes, and that of 2019, for an older one. Their
//! schemas are `references/treeherder/schemas`.

mod config;
mod job;
mod job_builder;
mod links;
mod problem;
mod replay;
mod route;
mod row;
mod shown;
mod task;

pub use config::{JobConfig, JobKind, Machine};
pub use job::{Dialect, Job, JobMessage};
pub use job_builder::{JobBuilder, JobTrigger};
pub use problem::Problem;
pub use replay::ReplayPush;
pub use route::{Destination, destinations};
pub use row::{PushGroup, PushJob, PushPlatform, PushProblem, PushRow, PushTask};
pub use shown::{JobResult, JobState, Outcome};
pub use task::ReportedTask;

/// The first `count` characters: Treeherder counts characters, not bytes.
fn cut(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests;
