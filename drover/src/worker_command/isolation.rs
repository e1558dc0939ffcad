//! Flags about the users that tasks run as.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use worker::{IsolationMode, IsolationSettings};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// As users of their own when the worker runs as root, else as the worker's user.
    Auto,
    /// As users of their own; where that cannot be, the worker does not start.
    User,
    /// As the worker's own user, also when the worker runs as root: tasks can then do all that root can.
    None,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation of tasks")]
pub(crate) struct IsolationArgs {
    /// As whom tasks run.
    #[arg(long, value_enum, default_value = "auto", env = "DROVER_ISOLATION", hide_env_values = true)]
    isolation: Mode,
    /// The first uid, and gid, of a range that belongs to tasks alone; each running task has one of them.
    #[arg(long, value_name = "UID", default_value_t = 400_000, value_parser = clap::value_parser!(u32).range(1..))]
    task_uid_base: u32,
    /// How many uids the range has.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    task_uid_count: u32,
    /// Where the lock files of the uids lie: the same place for all workers of this machine.
    #[arg(long, value_name = "DIR", default_value = "/run/drover/task-uids")]
    task_uid_lock_dir: PathBuf,
}

impl IsolationArgs {
    pub(super) fn settings(&self) -> IsolationSettings {
        let mode = match self.isolation {
            Mode::Auto => IsolationMode::Auto,
            Mode::User => IsolationMode::User,
            Mode::None => IsolationMode::None,
        };
        IsolationSettings {
            mode,
            first_uid: self.task_uid_base,
            uid_count: self.task_uid_count,
            lock_dir: self.task_uid_lock_dir.clone(),
        }
    }
}
