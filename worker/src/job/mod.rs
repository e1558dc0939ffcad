//! One run of one task, from its claim to its report.

mod admission;
mod artifacts;
mod certify;
mod claim_keeper;
mod container;
mod directory;
mod disk;
mod environment;
mod execute;
mod header;
mod logs;
mod report;
mod shells;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use base::{Rng, Shutdown};
use protocol::state::ReasonResolved;
use serde_json::json;

pub(crate) use self::directory::make_parent;
pub(crate) use self::environment::WORKER_MARK;
use self::{
    admission::{Admitted, admit},
    claim_keeper::ClaimKeeper,
    directory::TaskDirectory,
};
use crate::{
    client::{Claim, Client},
    container::{Images, RunContainer},
    egress::Egress,
    isolation::{Confinement, Isolation, NetworkPolicy},
    log::{LiveLogs, TaskLog, TaskOutput},
    mount::Caches,
    payload::{Payload, PayloadError},
    settings::WorkerSettings,
    shell::Shells,
};

/// What all runs of a worker share.
pub(crate) struct WorkerContext {
    pub(crate) settings: WorkerSettings,
    pub(crate) client: Client,
    pub(crate) caches: Caches,
    /// Those of containers, whose files have many owners.
    pub(crate) container_caches: Caches,
    /// At level `container`.
    pub(crate) images: Option<Images>,
    pub(crate) live_logs: LiveLogs,
    pub(crate) shells: Shells,
    pub(crate) isolation: Isolation,
    /// For secrets that a task gets.
    pub(crate) rng: Rng,
    /// Triggered when the worker is to stop: running tasks end then.
    pub(crate) stop: Shutdown,
    /// Triggered when the worker is to claim no more tasks.
    pub(crate) finish: Shutdown,
}

impl WorkerContext {
    /// Reports a problem of the worker that a task suffers from.
    async fn report_error(&self, title: &str, error: &io::Error, claim: &Claim) {
        let extra = json!({ "taskId": claim.status.task_id, "runId": claim.run_id });
        let extra = extra.as_object().cloned().unwrap_or_default();
        self.settings.errors.report(title, &error.to_string(), extra).await;
    }
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
    egress: OnceLock<Egress>,
    container: OnceLock<RunContainer>,
    /// The sha256 of what was stored, by the name of the artifact.
    hashes: Mutex<BTreeMap<String, String>>,
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
    let admitted = admit(&context, &claim);
    match RunResources::create(&context, &claim, admitted.as_ref().ok()).await {
        Ok(resources) => {
            let claim_keeper = ClaimKeeper::start(&context.client, &claim, context.settings.reclaim_at_latest);
            let RunResources { directory, log, output, confinement } = resources;
            let (egress, container, hashes) = (OnceLock::new(), OnceLock::new(), Mutex::default());
            Job { context, claim, claim_keeper, directory, log, output, confinement, egress, container, hashes }
                .run(admitted.map(|admitted| admitted.payload))
                .await;
        }
        Err(error) => {
            tracing::error!(task.id = %task_id, run.id = run_id, %error, "cannot create the resources of a run");
            let client = context.client.signing_as(claim.credentials.clone());
            // If the report is lost, the queue resolves the run when the claim expires.
            let _ = client.report_exception(task_id, run_id, ReasonResolved::WorkerShutdown).await;
            context.report_error("cannot create the resources of a run", &error, &claim).await;
        }
    }
}

/// The directory, log and isolation of a run.
struct RunResources {
    directory: TaskDirectory,
    log: TaskLog,
    output: TaskOutput,
    confinement: Confinement,
}

impl RunResources {
    /// A container is set up later: fetching its image takes its time.
    async fn create(context: &WorkerContext, claim: &Claim, admitted: Option<&Admitted>) -> io::Result<Self> {
        let name = format!("{}-{}", claim.status.task_id, claim.run_id);
        let has_container = admitted.is_some_and(|admitted| admitted.payload.container.is_some());
        let confinement = if has_container {
            context.isolation.for_container(&name).await?
        } else {
            context.isolation.for_run(&name).await?
        };
        let settings = &context.settings;
        let directory = TaskDirectory::create(&settings.work_dir, &name, settings.keep_task_dirs, &confinement)?;
        let log = TaskLog::create(&directory.log(), context.client.clock.clone())?;
        let output = TaskOutput::start(&log, confinement.owner(), context.isolation.limits().log)?;
        if !has_container {
            let groups = admitted.map_or(&[][..], |admitted| &admitted.groups);
            context.isolation.set_up(&confinement, &directory.places()?, groups).await?;
        }
        Ok(Self { directory, log, output, confinement })
    }
}

impl Job {
    /// Out of the sandbox, where the worker allows one.
    fn open_way_out(&self) -> io::Result<()> {
        if let (Some(sandbox), NetworkPolicy::Proxy) =
            (self.confinement.sandbox(), self.context.settings.isolation.network)
        {
            let _ = self.egress.set(Egress::start(sandbox.take_listener()?)?);
        }
        Ok(())
    }

    async fn run(self, read: Result<Payload, PayloadError>) {
        let started = self.context.client.clock.now();
        self.write_header();
        let logs = read.as_ref().map(|payload| (payload.logs.clone(), payload.features.clone())).unwrap_or_default();
        let live = self.open_live_log(&logs.0, &logs.1).await;
        let outcome = match &read {
            Ok(payload) => {
                self.write_notes(payload);
                self.execute(payload).await
            }
            Err(error) => {
                self.log.write_error(error.to_string());
                self.end_all(Outcome::Exception(ReasonResolved::MalformedPayload)).await
            }
        };
        self.write_footer(&outcome, started);
        drop(live);
        let finish = async {
            let outcome = self.certify(&logs.1, outcome.clone()).await;
            let whole = self.store_logs(&logs.0, &logs.1).await;
            self.report(&if whole { outcome } else { outcome.without_log() }).await;
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
