//! One run of one task, from its claim to its report.

mod artifacts;
mod claim_keeper;
mod directory;
mod disk;
mod environment;
mod execute;
mod logs;
mod report;

use std::{io, sync::Arc, time::Duration};

use base::{Rng, Shutdown};
use protocol::state::ReasonResolved;

pub(crate) use self::directory::make_parent;
pub(crate) use self::environment::WORKER_MARK;
use self::{claim_keeper::ClaimKeeper, directory::TaskDirectory};
use crate::{
    client::{Claim, Client},
    egress::Egress,
    isolation::{Confinement, Isolation, NetworkPolicy},
    log::{LiveLogs, TaskLog, TaskOutput},
    mount::Caches,
    payload::Payload,
    settings::WorkerSettings,
};

/// What all runs of a worker share.
pub(crate) struct WorkerContext {
    pub(crate) settings: WorkerSettings,
    pub(crate) client: Client,
    pub(crate) caches: Caches,
    pub(crate) live_logs: LiveLogs,
    pub(crate) isolation: Isolation,
    /// For secrets that a task gets.
    pub(crate) rng: Rng,
    /// Triggered when the worker is to stop: running tasks end then.
    pub(crate) stop: Shutdown,
}

/// One run at work.
struct Job {
    context: Arc<WorkerContext>,
    claim: Claim,
    claim_keeper: ClaimKeeper,
    directory: TaskDirectory,
    log: TaskLog,
    output: TaskOutput,
    confinement: Confinement,
    /// The way out of its sandbox.
    egress: Option<Egress>,
}

/// How a run ends, as far as it is up to the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Completed,
    Failed,
    Exception(ReasonResolved),
    /// The run is no longer claimed: cancelled, past its deadline, or retried. There is nothing to report.
    Lost(String),
}

/// How long logs and the report of a run may take after the worker was stopped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(4);

/// Runs one claim to its end. Errors are reported to the queue and written to the log.
pub(crate) async fn run(context: Arc<WorkerContext>, claim: Claim) {
    let (task_id, run_id) = (claim.status.task_id, claim.run_id);
    tracing::info!(task.id = %task_id, run.id = run_id, task.name = claim.task.metadata.name, "task started");
    match RunResources::create(&context, &claim).await {
        Ok(resources) => {
            let claim_keeper = ClaimKeeper::start(&context.client, &claim, context.settings.reclaim_at_latest);
            let RunResources { directory, log, output, confinement, egress } = resources;
            Job { context, claim, claim_keeper, directory, log, output, confinement, egress }.run().await;
        }
        Err(error) => {
            tracing::error!(task.id = %task_id, run.id = run_id, %error, "cannot create the resources of a run");
            let client = context.client.signing_as(claim.credentials);
            // If the report is lost, the queue resolves the run when the claim expires.
            let _ = client.report_exception(task_id, run_id, ReasonResolved::WorkerShutdown).await;
        }
    }
}

/// The directory, log and isolation of a run.
struct RunResources {
    directory: TaskDirectory,
    log: TaskLog,
    output: TaskOutput,
    confinement: Confinement,
    egress: Option<Egress>,
}

impl RunResources {
    async fn create(context: &WorkerContext, claim: &Claim) -> io::Result<Self> {
        let name = format!("{}-{}", claim.status.task_id, claim.run_id);
        let mut confinement = context.isolation.for_run(&name).await?;
        let owner = confinement.owner();
        let directory =
            TaskDirectory::create(&context.settings.work_dir, &name, context.settings.keep_task_dirs, owner)?;
        let log = TaskLog::create(&directory.log(), context.client.clock.clone())?;
        let output = TaskOutput::start(&log, owner, context.isolation.limits().log)?;
        context.isolation.set_up(&mut confinement, &directory.places()?).await?;
        let egress = match (confinement.sandbox(), context.settings.isolation.network) {
            (Some(sandbox), NetworkPolicy::Proxy) => Some(Egress::start(sandbox.take_listener()?)?),
            _ => None,
        };
        Ok(Self { directory, log, output, confinement, egress })
    }
}

impl Job {
    async fn run(self) {
        let started = self.context.client.clock.now();
        self.write_header();
        let read = Payload::read(&self.claim.task.payload);
        let logs = read.as_ref().map(|payload| (payload.logs.clone(), payload.features.clone())).unwrap_or_default();
        let live = self.open_live_log(&logs.0, &logs.1).await;
        let outcome = match &read {
            Ok(payload) => self.execute(payload).await,
            Err(error) => {
                self.log.write_line(error.to_string());
                self.end_all(Outcome::Exception(ReasonResolved::MalformedPayload)).await
            }
        };
        self.write_footer(&outcome, started);
        drop(live);
        let finish = async {
            let whole = self.store_logs(&logs.0, &logs.1).await;
            self.report(&if whole { outcome.clone() } else { outcome.clone().without_log() }).await;
        };
        let shutdown = async {
            self.context.stop.wait().await;
            tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
        };
        tokio::select! {
            () = finish => {}
            () = shutdown => {}
        }
        tracing::info!(task.id = %self.claim.status.task_id, run.id = self.claim.run_id, ?outcome, "task ended");
    }

    fn write_header(&self) {
        let name = &self.context.settings.name;
        self.log.write_line(format!("task {} run {}", self.claim.status.task_id, self.claim.run_id));
        self.log.write_line(format!("name {}", self.claim.task.metadata.name));
        self.log.write_line(format!(
            "worker {}/{} of {}",
            name.worker_group, name.worker_id, self.context.settings.task_queue_id
        ));
        let level = self.context.isolation.level();
        let user = self.confinement.uid().map_or_else(String::new, |uid| format!(", runs as user {uid}"));
        self.log.write_line(format!("isolation level {level}{user}"));
        let limits = self.context.isolation.limits();
        let memory = limits.memory.filter(|_| self.confinement.limits().contains(&"memory"));
        let memory = memory.map_or_else(|| "not limited".to_owned(), |bytes| format!("{bytes} bytes"));
        self.log.write_line(format!(
            "limits: memory {memory}, disk {} bytes, log {} bytes, {} processes",
            limits.disk, limits.log, limits.processes
        ));
        for gap in level.gaps() {
            self.log.write_line(format!("not protected: {gap}"));
        }
    }

    fn write_footer(&self, outcome: &Outcome, started: protocol::time::Timestamp) {
        let took = (self.context.client.clock.now() - started).num_milliseconds();
        self.log.write_line(format!("result {outcome} after {}.{:03} s", took / 1000, took % 1000));
    }
}

impl Outcome {
    /// A run without its log must not be reported as completed; a retry may succeed.
    fn without_log(self) -> Self {
        if self == Self::Completed { Self::Exception(ReasonResolved::IntermittentTask) } else { self }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::Failed => f.write_str("failed"),
            Self::Exception(reason) => write!(f, "exception {reason}"),
            Self::Lost(why) => write!(f, "none, the run is no longer claimed: {why}"),
        }
    }
}
