//! One run of one task, from its claim to its report.

mod artifacts;
mod claim;
mod directory;
mod environment;
mod execute;
mod logs;
mod report;

use std::{io, sync::Arc, time::Duration};

use base::{Rng, Shutdown};
use protocol::state::ReasonResolved;

pub(crate) use self::directory::make_parent;
pub(crate) use self::environment::WORKER_MARK;
use self::{claim::Hold, directory::TaskDirectory};
use crate::{
    client::{Claim, Client},
    isolation::{Confinement, Isolation},
    log::{LiveLogs, TaskLog, TaskOutput},
    mount::Caches,
    payload::Payload,
    settings::WorkerSettings,
};

/// What all runs of a worker share.
pub(crate) struct Workshop {
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
    shop: Arc<Workshop>,
    claim: Claim,
    hold: Hold,
    directory: TaskDirectory,
    log: TaskLog,
    output: TaskOutput,
    confinement: Confinement,
}

/// How a run ends, as far as it is up to the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Completed,
    Failed,
    Exception(ReasonResolved),
    /// The run is no longer ours: cancelled, past its deadline, or given to another. There is nothing to report.
    Lost(String),
}

/// A worker that stops must not wait long for the network.
const STOPPING_PATIENCE: Duration = Duration::from_secs(4);

/// Runs one claim to its end. Trouble is told to the queue and written to the log; there is nobody to return it to.
pub(crate) async fn run(shop: Arc<Workshop>, claim: Claim) {
    let (task_id, run_id) = (claim.status.task_id, claim.run_id);
    tracing::info!(task.id = %task_id, run.id = run_id, task.name = claim.task.metadata.name, "a task begins");
    match Place::make(&shop, &claim).await {
        Ok(place) => {
            let hold = Hold::start(&shop.client, &claim, shop.settings.reclaim_at_latest);
            let Place { directory, log, output, confinement } = place;
            Job { shop, claim, hold, directory, log, output, confinement }.run().await;
        }
        Err(error) => {
            tracing::error!(task.id = %task_id, run.id = run_id, %error, "there is no place for a task");
            let client = shop.client.signing_as(claim.credentials);
            // What is not heard is noticed by the queue, when the claim runs out.
            let _ = client.report_exception(task_id, run_id, ReasonResolved::WorkerShutdown).await;
        }
    }
}

/// What a run has for itself. Without it nothing can run; another worker may have it.
struct Place {
    directory: TaskDirectory,
    log: TaskLog,
    output: TaskOutput,
    confinement: Confinement,
}

impl Place {
    async fn make(shop: &Workshop, claim: &Claim) -> io::Result<Self> {
        let name = format!("{}-{}", claim.status.task_id, claim.run_id);
        let confinement = shop.isolation.for_run(&name).await?;
        let owner = confinement.owner();
        let directory = TaskDirectory::create(&shop.settings.work_dir, &name, shop.settings.keep_task_dirs, owner)?;
        let log = TaskLog::create(&directory.log(), shop.client.clock.clone())?;
        let output = TaskOutput::start(&log, owner)?;
        Ok(Self { directory, log, output, confinement })
    }
}

impl Job {
    async fn run(self) {
        let started = self.shop.client.clock.now();
        self.write_header();
        let read = Payload::read(&self.claim.task.payload);
        let logs = read.as_ref().map(|payload| (payload.logs.clone(), payload.features.clone())).unwrap_or_default();
        let live = self.open_live_log(&logs.0, &logs.1).await;
        let outcome = match &read {
            Ok(payload) => self.execute(payload).await,
            Err(malformed) => {
                self.log.say(malformed.to_string());
                Outcome::Exception(ReasonResolved::MalformedPayload)
            }
        };
        self.write_footer(&outcome, started);
        drop(live);
        let finish = async {
            let whole = self.store_logs(&logs.0, &logs.1).await;
            self.report(&if whole { outcome.clone() } else { outcome.clone().without_log() }).await;
        };
        let hurry = async {
            self.shop.stop.wait().await;
            tokio::time::sleep(STOPPING_PATIENCE).await;
        };
        tokio::select! {
            () = finish => {}
            () = hurry => {}
        }
        tracing::info!(task.id = %self.claim.status.task_id, run.id = self.claim.run_id, ?outcome, "a task ended");
    }

    fn write_header(&self) {
        let name = &self.shop.settings.name;
        self.log.say(format!("task {} run {}", self.claim.status.task_id, self.claim.run_id));
        self.log.say(format!("name {}", self.claim.task.metadata.name));
        self.log
            .say(format!("worker {}/{} of {}", name.worker_group, name.worker_id, self.shop.settings.task_queue_id));
        match self.confinement.uid() {
            Some(uid) => self.log.say(format!("runs as user {uid}")),
            None => self.log.say(format!("not isolated: {}", self.shop.isolation.gaps().join("; "))),
        }
    }

    fn write_footer(&self, outcome: &Outcome, started: protocol::time::Timestamp) {
        let took = (self.shop.client.clock.now() - started).num_milliseconds();
        self.log.say(format!("result {outcome} after {}.{:03} s", took / 1000, took % 1000));
    }
}

impl Outcome {
    /// What cannot be looked at must not look green; another try may be luckier with the network.
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
            Self::Lost(why) => write!(f, "none, for the run is no longer ours: {why}"),
        }
    }
}
