//! `drover worker`: claims and runs tasks on this machine.

mod credentials;
mod harden;
mod isolation;
mod parent;
mod power;
mod private_file;
mod provider;
mod signing_key;

use std::{path::PathBuf, time::Duration};

use base::{Secret, environment, telemetry};
use clap::{Args, Subcommand};
use protocol::id::{TaskQueueId, WorkerName};
use worker::{MAX_MOUNT_BYTES, Worker, WorkerSettings, client::Credentials};

use self::{
    credentials::CredentialsArgs,
    isolation::{IsolationArgs, LimitArgs},
    provider::ProviderArgs,
    signing_key::{NewKeyArgs, SigningKeyArgs},
};
use crate::{
    client::ServerArgs,
    dev_workers::task_environment,
    exit::{CliError, Exit, with_causes},
    global::Global,
    global::signals,
    output::Output,
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

SIGTERM or Ctrl-C stops it: running tasks end, and the queue gives them to another worker."
)]
pub(crate) struct WorkerArgs {
    #[command(subcommand)]
    command: Option<WorkerCommand>,
    /// The queue to take tasks from, as provisionerId/workerType.
    #[arg(long, value_name = "QUEUE", default_value = "local/worker", env = "DROVER_TASK_QUEUE_ID")]
    task_queue_id: String,
    /// With the worker id, the name of this worker.
    #[arg(long, value_name = "GROUP", default_value = "local", env = "DROVER_WORKER_GROUP")]
    worker_group: String,
    /// Must be this worker's alone within its queue [default: one made up].
    #[arg(long, value_name = "ID", env = "DROVER_WORKER_ID")]
    worker_id: Option<String>,
    /// How many tasks run at the same time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    capacity: u8,
    /// Where task directories and caches live [default: a folder of its own below the system's temporary one].
    #[arg(long, value_name = "DIR", env = "DROVER_WORK_DIR")]
    work_dir: Option<PathBuf>,
    /// Leave each task's directory in place.
    #[arg(long)]
    keep_task_dirs: bool,
    /// A variable for every task, or the name of one of ours to hand on; may be given several times.
    #[arg(long = "task-env", value_name = "NAME[=VALUE]")]
    task_env: Vec<Secret>,
    /// The address on which live logs are offered.
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1")]
    live_log_host: String,
    /// How long the processes of an interrupted task have between SIGTERM and SIGKILL.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    kill_grace: u64,
    /// A claim is renewed at least this often; so soon the worker learns that a task was cancelled.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    reclaim_at_latest: u64,
    /// The most bytes that one mount of a task may download or unpack to.
    #[arg(long, value_name = "BYTES", default_value_t = MAX_MOUNT_BYTES)]
    max_mount_bytes: u64,
    /// Run with credentials that are worth more than a worker needs. A task that takes over the worker has them all.
    #[arg(long)]
    allow_powerful_credentials: bool,
    #[command(flatten)]
    isolation: IsolationArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// End when this process ends, which must be the one that started the worker.
    #[arg(long, value_name = "PID")]
    parent: Option<u32>,
    #[command(flatten)]
    credentials: CredentialsArgs,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    signing_key: SigningKeyArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// What is not running a worker.
#[derive(Debug, Subcommand)]
enum WorkerCommand {
    /// Make a key for Chain of Trust.
    NewEd25519Key(NewKeyArgs),
}

pub(crate) async fn run(
    args: WorkerArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    if let Some(WorkerCommand::NewEd25519Key(args)) = &args.command {
        return signing_key::create(args, system, *output);
    }
    harden::protect()?;
    if let Some(kind) = args.provider.provider {
        return provider::run(args, kind, global, system, output).await;
    }
    let credentials = args.credentials.read()?.map_or_else(|| args.server.credentials(), |given| Ok(Some(given)))?;
    let credentials = credentials.ok_or_else(|| {
        CliError::new(Exit::Usage, "a worker needs credentials: give --credentials-file, or set TASKCLUSTER_CLIENT_ID and TASKCLUSTER_ACCESS_TOKEN")
    })?;
    if harden::shows_secrets() {
        return Err(harden::restart(&credentials));
    }
    if let Some(parent) = args.parent {
        parent::end_with(parent)?;
    }
    let loaded = global.load(&[])?;
    let _telemetry = telemetry::init(&loaded.telemetry, "worker")?;
    global.warn_of_secrets();
    let shutdown = signals()?;
    if args.allow_powerful_credentials {
        tracing::warn!("whether the worker's credentials are worth more than it needs is not asked");
    } else {
        power::refuse_excess(&args.server.direct_root_url()?, &credentials, system, &shutdown).await?;
    }
    let root_url = args.server.direct_root_url()?;
    let settings = args.settings(&root_url, credentials, &loaded.dev.task_variables, system)?;
    let text = format!(
        "worker {}/{} takes tasks of {}",
        settings.name.worker_group, settings.name.worker_id, args.task_queue_id
    );
    let object = serde_json::json!({ "taskQueueId": args.task_queue_id, "worker": settings.name });
    let started = Worker::start(settings, system.clock.clone(), &system.rng.branch("worker")).await;
    let worker = started.map_err(|error| CliError::new(Exit::Failed, with_causes(&error)))?;
    output.either(&object, &text);
    let refused = tokio::select! {
        () = shutdown.wait() => None,
        why = worker.until_refused() => Some(why),
    };
    worker.stop().await;
    match refused {
        None => Ok(Exit::Ok),
        Some(why) => {
            let words = format!(
                "{why}\nThe server will never take this request: look at --task-queue-id, --worker-group and --worker-id"
            );
            Err(CliError::new(Exit::Usage, words))
        }
    }
}

impl WorkerArgs {
    fn settings(
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
        settings.max_mount_bytes = self.max_mount_bytes;
        self.signing_key.apply(&mut settings)?;
        Ok(settings)
    }
}

fn handed_on(text: &str) -> Option<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) => Some((name.to_owned(), value.to_owned())),
        None => Some((text.to_owned(), environment::variable(text)?)),
    }
}
