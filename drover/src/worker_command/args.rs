//! Flags of `drover worker`, and what follows from them.

use std::{path::PathBuf, time::Duration};

use base::{Secret, environment};
use clap::{Args, Subcommand};
use protocol::id::{TaskQueueId, WorkerName};
use worker::{MAX_MOUNT_BYTES, WorkerSettings, client::Credentials};

use super::{
    containers::ContainerArgs,
    credentials::CredentialsArgs,
    harden,
    isolation::{IsolationArgs, LimitArgs},
    provider_args::ProviderArgs,
    runner_args::RunnerArgs,
    signing_key::{NewKeyArgs, SigningKeyArgs},
};
use crate::{
    client::ServerArgs,
    dev_workers::task_environment,
    exit::{CliError, Exit},
    system_context::SystemContext,
};

/// Flags of `drover worker`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  drover worker --task-queue-id local/worker
  drover worker --task-queue-id build/linux --capacity 8 --worker-id \"$(hostname)\" --work-dir /var/lib/drover-worker
  drover worker --root-url https://ci.example.com --credentials-file /etc/drover/worker.json
  drover worker --runner-protocol --runner-config /etc/drover/worker-runner.json

SIGTERM or Ctrl-C stops it: running tasks end, and the queue gives them to another worker."
)]
pub(crate) struct WorkerArgs {
    #[command(subcommand)]
    pub(super) command: Option<WorkerCommand>,
    /// The queue to take tasks from, as provisionerId/workerType.
    #[arg(long, value_name = "QUEUE", default_value = "local/worker", env = "DROVER_TASK_QUEUE_ID")]
    pub(super) task_queue_id: String,
    /// With the worker id, the name of this worker.
    #[arg(long, value_name = "GROUP", default_value = "local", env = "DROVER_WORKER_GROUP")]
    pub(super) worker_group: String,
    /// Must be this worker's alone within its queue [default: one made up].
    #[arg(long, value_name = "ID", env = "DROVER_WORKER_ID")]
    pub(super) worker_id: Option<String>,
    /// How many tasks run at the same time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(super) capacity: u8,
    /// Where task directories and caches live [default: a folder of its own below the system's temporary one].
    #[arg(long, value_name = "DIR", env = "DROVER_WORK_DIR")]
    pub(super) work_dir: Option<PathBuf>,
    /// Leave each task's directory in place.
    #[arg(long)]
    pub(super) keep_task_dirs: bool,
    /// A variable for every task, or the name of one of ours to hand on; may be given several times.
    #[arg(long = "task-env", value_name = "NAME[=VALUE]")]
    pub(super) task_env: Vec<Secret>,
    /// The address on which live logs are offered.
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    pub(super) live_log_host: String,
    /// How long the processes of an interrupted task have between SIGTERM and SIGKILL.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub(super) kill_grace: u64,
    /// A claim is renewed at least this often; so soon the worker learns that a task was cancelled.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) reclaim_at_latest: u64,
    /// The most bytes that one mount of a task may download or unpack to.
    #[arg(long, value_name = "BYTES", default_value_t = MAX_MOUNT_BYTES)]
    pub(super) max_mount_bytes: u64,
    /// Run with credentials that are worth more than a worker needs. A task that takes over the worker has them all.
    #[arg(long)]
    pub(super) allow_powerful_credentials: bool,
    #[command(flatten)]
    pub(super) isolation: IsolationArgs,
    #[command(flatten)]
    pub(super) containers: ContainerArgs,
    #[command(flatten)]
    pub(super) limits: LimitArgs,
    /// End when this process ends, which must be the one that started the worker.
    #[arg(long, value_name = "PID")]
    pub(super) parent: Option<u32>,
    #[command(flatten)]
    pub(super) credentials: CredentialsArgs,
    #[command(flatten)]
    pub(super) provider: ProviderArgs,
    #[command(flatten)]
    pub(super) runner: RunnerArgs,
    #[command(flatten)]
    pub(super) signing_key: SigningKeyArgs,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// What is not running a worker.
#[derive(Debug, Subcommand)]
pub(super) enum WorkerCommand {
    /// Make a key for Chain of Trust.
    NewEd25519Key(NewKeyArgs),
}

impl WorkerArgs {
    /// From a file, a descriptor, the environment or the command line. The last two show them to others: then this program starts once
    /// more without, and this only returns with an error.
    pub(super) fn own_credentials(&self) -> Result<Credentials, CliError> {
        let credentials =
            self.credentials.read()?.map_or_else(|| self.server.credentials(), |given| Ok(Some(given)))?;
        let credentials = credentials.ok_or_else(|| {
            CliError::new(Exit::Usage, "a worker needs credentials: give --credentials-file, or set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN")
        })?;
        if harden::shows_secrets() { Err(harden::restart(&credentials)) } else { Ok(credentials) }
    }

    pub(super) fn settings(
        &self,
        root_url: &str,
        credentials: Credentials,
        task_variables: &[String],
        system: &SystemContext,
    ) -> Result<WorkerSettings, CliError> {
        let made_up = || format!("worker-{:08x}", system.rng.range(0..1 << 32));
        let name = WorkerName {
            worker_group: self.worker_group.clone(),
            worker_id: self.worker_id.clone().unwrap_or_else(made_up),
        };
        let work_dir = self
            .work_dir
            .clone()
            .unwrap_or_else(|| std::env::temp_dir().join(format!("drover-{}-{}", name.worker_group, name.worker_id)));
        let queue = TaskQueueId(self.task_queue_id.clone());
        let mut settings = WorkerSettings::new(root_url, credentials, queue, name, work_dir);
        settings.task_env.extend(task_environment(task_variables));
        settings.capacity = self.capacity.into();
        settings.keep_task_dirs = self.keep_task_dirs;
        settings.live_log_host.clone_from(&self.live_log_host);
        settings.kill_grace = Duration::from_secs(self.kill_grace);
        settings.reclaim_at_latest = Duration::from_secs(self.reclaim_at_latest);
        settings.task_env.extend(self.task_env.iter().filter_map(|text| handed_on(text.reveal())));
        settings.isolation = self.isolation.settings(self.limits.limits(self.capacity.into()));
        settings.containers = self.containers.settings();
        settings.max_mount_bytes = self.max_mount_bytes;
        self.signing_key.apply(&mut settings)?;
        Ok(settings)
    }
}

/// A claim that was refused as a bad request.
pub(super) fn never_accepted(why: &str) -> CliError {
    let words = format!(
        "{why}\nThe server will never take this request: look at --task-queue-id, --worker-group and --worker-id"
    );
    CliError::new(Exit::Usage, words)
}

fn handed_on(text: &str) -> Option<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => Some((text.to_owned(), environment::variable(text)?)),
    }
}
