//! The workers of `drover dev`: processes of their own, so that a task which kills its worker, or reads what a worker
//! has in its memory, harms neither the server nor the other workers.

mod client;
mod count;
mod environment;
mod pool;
mod process;

use std::{convert::Infallible, path::Path, process as system, time::Duration};

use base::Backoff;
use futures_util::future::{join_all, try_join_all};
use tokio::time::{Instant, timeout};

pub(crate) use self::{
    client::WorkerClient,
    count::WorkerCount,
    environment::{for_workers as worker_environment, task_environment},
    pool::{LocalPools, more_providers},
};
use self::{
    environment::{for_workers, task_paths},
    process::{Ended, Recipe, WorkerProcess},
};
use crate::{
    data_dir,
    exit::{CliError, Exit},
    settings::DroverSettings,
    system_context::SystemContext,
};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A process that lived this long was well; its end is a new story.
const WELL: Duration = Duration::from_mins(1);
/// How long starting may take in all. The worker of a server that was killed has a few seconds to end, and until then its
/// directory is taken.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Longer than a worker needs to end its tasks and to report them.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// The workers, each with its process while it has one. The processes are started by the thread that owns this value: the
/// kernel ends them when that thread ends, so it must be one that lives as long as the program.
pub(crate) struct DevWorkers(Vec<DevWorker>);

struct DevWorker {
    recipe: Recipe,
    process: Option<WorkerProcess>,
    pauses: Backoff,
}

impl DevWorkers {
    pub(crate) async fn start(
        settings: &DroverSettings,
        clients: &[WorkerClient],
        root_url: &str,
        data_dir: &Path,
        system: &SystemContext,
    ) -> Result<Self, CliError> {
        let mut workers = Vec::new();
        if !clients.is_empty() {
            data_dir::folder(&data_dir.join("workers"), data_dir::passable())?;
        }
        for client in clients {
            let work_dir = data_dir.join("workers").join(client.number().to_string());
            data_dir::folder(&work_dir, data_dir::passable())?;
            let mut arguments = arguments(settings, client, root_url, &work_dir);
            arguments.extend(sandbox_flags(settings, data_dir));
            let environment = for_workers(&settings.dev.task_variables);
            let recipe = Recipe { number: client.number(), arguments, environment, credentials: client.credentials() };
            let pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, system.rng.branch("worker"));
            workers.push(DevWorker { recipe, process: None, pauses });
        }
        let mut workers = Self(workers);
        let started = try_join_all(workers.0.iter_mut().map(DevWorker::start)).await;
        if let Err(error) = started {
            workers.stop().await;
            return Err(error);
        }
        Ok(workers)
    }

    /// Starts again what ends by itself, for as long as it is waited for.
    pub(crate) async fn watch(&mut self) -> Infallible {
        join_all(self.0.iter_mut().map(DevWorker::keep)).await;
        // Without workers there is nothing to watch.
        std::future::pending().await
    }

    /// All at the same time: each takes as long as its tasks take to end.
    pub(crate) async fn stop(self) {
        join_all(self.0.into_iter().filter_map(|worker| worker.process).map(|process| process.stop(STOP_TIMEOUT)))
            .await;
    }
}

impl DevWorker {
    /// Until it takes tasks. What is wrong with its settings is wrong at the next try too.
    async fn start(&mut self) -> Result<(), CliError> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            match self.launch().await {
                Ok(()) => return Ok(()),
                Err(ended) if ended.is_final() || Instant::now() > deadline => {
                    let number = self.recipe.number;
                    let words = format!("worker {number} cannot be started: {ended}; the reason stands above");
                    return Err(CliError::new(ended.exit().unwrap_or(Exit::Failed), words));
                }
                Err(ended) => {
                    tracing::warn!(worker = self.recipe.number, %ended, "worker process did not start; trying again");
                    self.pauses.pause().await;
                }
            }
        }
    }

    async fn launch(&mut self) -> Result<(), Ended> {
        // Kept before it is ready: whoever gives up meanwhile still has it to stop.
        let process = self.process.insert(self.recipe.spawn()?);
        let ready = timeout(START_TIMEOUT, process.ready()).await;
        let ready = ready.unwrap_or(Err(Ended::NotReady));
        if ready.is_err() {
            self.process = None;
        }
        ready
    }

    async fn keep(&mut self) {
        loop {
            let begun = Instant::now();
            if let Some(process) = &mut self.process {
                let ended = process.ended().await;
                self.process = None;
                tracing::warn!(worker = self.recipe.number, %ended, "worker process ended by itself; starting it again");
            }
            if begun.elapsed() > WELL {
                self.pauses.reset();
            }
            self.pauses.pause().await;
            match self.launch().await {
                Ok(()) => tracing::info!(worker = self.recipe.number, "worker process started again"),
                Err(ended) => tracing::error!(worker = self.recipe.number, %ended, "worker process did not start"),
            }
        }
    }
}

/// What tasks see of this machine, namely where this program was started, but not where it keeps its secrets; and what they
/// reach of the network.
pub(crate) fn sandbox_flags(settings: &DroverSettings, data_dir: &Path) -> Vec<String> {
    let shown = task_paths(&settings.dev.task_paths).into_iter().map(|path| ("--read-only-path", path));
    let paths = shown.chain([("--hidden-path", data_dir.to_owned())]);
    let paths = paths.flat_map(|(flag, path)| [flag.to_owned(), path.display().to_string()]);
    paths.chain(["--network".to_owned(), settings.dev.task_network.clone()]).collect()
}

/// Nothing secret: everybody on the machine can read them.
fn arguments(settings: &DroverSettings, client: &WorkerClient, root_url: &str, work_dir: &Path) -> Vec<String> {
    let (dev, telemetry) = (&settings.dev, &settings.telemetry);
    let name = client.name();
    let flags = [
        ("--root-url", root_url.to_owned()),
        ("--task-queue-id", dev.task_queue.clone()),
        ("--worker-group", name.worker_group),
        ("--worker-id", name.worker_id),
        ("--work-dir", work_dir.display().to_string()),
        // Someone sits in front of it: a cancelled task is to end soon.
        ("--reclaim-at-latest", "5".to_owned()),
        ("--parent", system::id().to_string()),
        ("--credentials-fd", "0".to_owned()),
        ("--output", "json".to_owned()),
        ("--set", format!("dev.task_variables={}", dev.task_variables.join(","))),
        ("--set", format!("telemetry.log={}", telemetry.log)),
        ("--set", format!("telemetry.format={}", telemetry.format)),
        ("--set", format!("telemetry.otlp_endpoint={}", telemetry.otlp_endpoint)),
    ];
    let flags = flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]);
    std::iter::once("worker".to_owned()).chain(flags).collect()
}
