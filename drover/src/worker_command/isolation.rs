//! Flags about the isolation of tasks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use worker::{IsolationLevel, IsolationMode, IsolationSettings, NetworkPolicy, ResourceLimits, memory_of_machine};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// The highest level that works: `user` when the worker runs as root, else `sandbox`. Never `none`.
    Auto,
    /// As `user`; and tasks that name an image run in a container of it. Needs podman.
    Container,
    /// In a sandbox, as users of their own. The worker must run as root.
    User,
    /// In a sandbox, as the worker's own user, which must not be root.
    Sandbox,
    /// As ordinary processes of the worker's own user, also when that is root: tasks can then do all that it can.
    None,
}

/// What tasks reach of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Network {
    /// Nothing but the proxy that signs their requests.
    None,
    /// Other machines, through an HTTP proxy that the usual variables name; never this machine.
    Proxy,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation of tasks")]
pub(crate) struct IsolationArgs {
    /// How far tasks are kept apart. A level that does not work on this machine is an error.
    #[arg(long, value_enum, default_value = "auto", env = "DROVER_ISOLATION", hide_env_values = true)]
    isolation: Mode,
    /// What tasks in a sandbox reach of the network.
    #[arg(long, value_enum, default_value = "none", env = "DROVER_TASK_NETWORK", hide_env_values = true)]
    pub(super) network: Network,
    /// A file or folder that tasks in a sandbox may read, at the same path; may be given several times. They see programs and
    /// libraries of the system, the folders of PATH, and nothing else.
    #[arg(long = "read-only-path", value_name = "PATH")]
    read_only_paths: Vec<PathBuf>,
    /// A file or folder below those that they may not read; may be given several times.
    #[arg(long = "hidden-path", value_name = "PATH")]
    hidden_paths: Vec<PathBuf>,
    /// The first uid, and gid, of a range that belongs to tasks alone; each running task has one of them.
    #[arg(long, value_name = "UID", default_value_t = 400_000, value_parser = clap::value_parser!(u32).range(1..))]
    task_uid_base: u32,
    /// How many uids the range has.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    task_uid_count: u32,
    /// The first uid, and gid, of the ranges that belong to containers alone; each running one has one of 65,536. A multiple of
    /// that number.
    #[arg(long, value_name = "UID", default_value_t = 0x7000_0000)]
    container_uid_base: u32,
    /// How many such ranges there are.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=4_095))]
    container_uid_ranges: u32,
    /// Where the lock files of the uids lie: the same place for all workers of this machine.
    #[arg(long, value_name = "DIR", default_value = "/run/drover/task-uids")]
    task_uid_lock_dir: PathBuf,
}

/// What each task may use.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of tasks")]
pub(crate) struct LimitArgs {
    /// Bytes of memory of one task, where control groups can limit it [default: 80 % of the machine, shared by all that run
    /// at the same time].
    #[arg(long = "task-memory", value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    memory: Option<u64>,
    /// Processes and threads of one task.
    #[arg(long = "task-processes", value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..))]
    processes: u64,
    /// Processors of one task, as 1.5, where control groups can limit them [default: all].
    #[arg(long = "task-processors", value_name = "N")]
    processors: Option<f64>,
    /// Bytes of files that one task may have at a time; it is looked at every few seconds.
    #[arg(long = "task-disk", value_name = "BYTES", default_value_t = 20 << 30)]
    disk: u64,
    /// Bytes that are kept of what one task writes to its log.
    #[arg(long = "task-log", value_name = "BYTES", default_value_t = 1 << 30)]
    log: u64,
}

impl LimitArgs {
    /// For a worker that runs so many tasks at the same time.
    pub(super) fn limits(&self, capacity: u64) -> ResourceLimits {
        ResourceLimits {
            memory: self.memory.or_else(|| memory_of_machine().map(|bytes| bytes / 5 * 4 / capacity.max(1))),
            processes: self.processes,
            processors: self.processors,
            disk: self.disk,
            log: self.log,
        }
    }
}

impl IsolationArgs {
    pub(super) fn settings(&self, limits: ResourceLimits) -> IsolationSettings {
        let mode = match self.isolation {
            Mode::Auto => IsolationMode::Auto,
            Mode::Container => IsolationMode::Exactly(IsolationLevel::Container),
            Mode::User => IsolationMode::Exactly(IsolationLevel::User),
            Mode::Sandbox => IsolationMode::Exactly(IsolationLevel::Sandbox),
            Mode::None => IsolationMode::Exactly(IsolationLevel::None),
        };
        let network = match self.network {
            Network::None => NetworkPolicy::None,
            Network::Proxy => NetworkPolicy::Proxy,
        };
        IsolationSettings {
            mode,
            first_uid: self.task_uid_base,
            uid_count: self.task_uid_count,
            first_container_uid: self.container_uid_base,
            container_count: self.container_uid_ranges,
            lock_dir: self.task_uid_lock_dir.clone(),
            read_only_paths: self.read_only_paths.clone(),
            hidden_paths: self.hidden_paths.clone(),
            network,
            limits,
        }
    }
}
