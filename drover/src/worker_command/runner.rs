//! A worker that Taskcluster's worker-runner started: that has its credentials, renews them, and says when to stop.

use std::{
    io::{self, Write},
    time::Duration,
};

use base::{Shutdown, telemetry};
use serde_json::{Map, Value};
use tokio::sync::watch;
use worker::{
    ErrorReporter, Worker,
    client::{Client, Credentials},
    provider::Advisor,
    runner::{Capability, Runner, RunnerMessage, RunnerSender, WorkerMessage},
};

use super::{
    args::{WorkerArgs, never_accepted},
    harden, parent, power, runner_config,
    signing_key::whole_path,
};
use crate::{
    exit::{CliError, Exit, with_causes},
    global::{Global, signals},
    output::Output,
    system_context::SystemContext,
};

/// Why the worker stops.
enum Reason {
    /// Worker-runner or a signal says so, or worker-runner has ended.
    Requested,
    /// It had no tasks, and is not needed.
    Idle(String),
    /// The server never takes its claims.
    Refused(String),
}

pub(super) async fn run(
    mut args: WorkerArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let start = Start::read(&mut args)?;
    if let Some(parent) = args.parent {
        parent::end_with(parent)?;
    }
    let loaded = global.load(&[])?;
    let shutdown = signals()?;
    let connected = tokio::select! {
        connected = Runner::connect(io::stdin(), io::stdout()) => connected,
        () = shutdown.wait() => return Ok(Exit::Ok),
    };
    let runner = connected.map_err(|error| CliError::new(Exit::Failed, with_causes(&error)))?;
    let sender = runner.sender();
    let _telemetry = if sender.has(Capability::Log) {
        let lines = sender.clone();
        telemetry::init_with_lines(&loaded.telemetry, "worker", move |line| log(&lines, line))?
    } else {
        telemetry::init(&loaded.telemetry, "worker")?
    };
    global.warn_of_secrets();
    if !start.unused.is_empty() {
        tracing::info!(fields = start.unused.join(", "), "the worker configuration has fields that mean nothing here");
    }
    let ended = supervise(&args, start, &loaded.dev.task_variables, runner, &shutdown, system, *output).await;
    ended.map(|()| Exit::Ok)
}

/// What a worker needs to start, from worker-runner's file or from flags.
struct Start {
    root_url: String,
    credentials: Credentials,
    idle: Option<Duration>,
    unused: Vec<String>,
}

impl Start {
    fn read(args: &mut WorkerArgs) -> Result<Self, CliError> {
        let Some(file) = args.runner.runner_config.clone() else {
            let (credentials, root_url) = (args.own_credentials()?, args.server.direct_root_url()?);
            return Ok(Self { root_url, credentials, idle: None, unused: Vec::new() });
        };
        if harden::shows_secrets() {
            let words = "the credentials come from --runner-config: unset TASKCLUSTER_ACCESS_TOKEN and the like";
            return Err(CliError::new(Exit::Usage, words));
        }
        let runner_config::RunnerConfig { root_url, credentials, idle, unused } = runner_config::read(&file, args)?;
        Ok(Self { root_url, credentials, idle, unused })
    }
}

/// Starts the worker, and does what worker-runner says until the worker has ended.
async fn supervise(
    args: &WorkerArgs,
    start: Start,
    task_variables: &[String],
    mut runner: Runner,
    shutdown: &Shutdown,
    system: &SystemContext,
    output: Output,
) -> Result<(), CliError> {
    let (sender, errors) = (runner.sender(), ErrorReporter::runner(runner.sender()));
    let (renewed, credentials) = watch::channel(start.credentials.clone());
    let prepared = async {
        let mut settings = args.settings(&start.root_url, start.credentials.clone(), task_variables, system)?;
        settings.renewed_credentials = Some(credentials.clone());
        settings.errors = errors.clone();
        if let Some(path) = &args.runner.runner_config {
            settings.isolation.hidden_paths.push(whole_path(path)?);
        }
        let name = settings.name.clone();
        let worker = start_worker(args, settings, &start, shutdown, system).await?;
        Ok::<_, CliError>((worker, name))
    };
    let (worker, name) = match prepared.await {
        Ok(started) => started,
        Err(error) => {
            errors.report("the worker cannot start", &error.to_string(), Map::new()).await;
            sender.send(&WorkerMessage::Shutdown).await;
            runner.close().await;
            return Err(error);
        }
    };
    output.line(&format!("worker {}/{} takes tasks of {}", name.worker_group, name.worker_id, args.task_queue_id));
    let (clock, rng) = (system.clock.clone(), system.rng.branch("advice"));
    let client = Client::new(&start.root_url, None, clock, rng)?.renewing(credentials);
    let advisor = Advisor::new(client, &args.task_queue_id, &name.worker_group, &name.worker_id);
    let mut supervisor = Supervisor { worker, renewed, idle: start.idle, advisor };
    let reason = supervisor.until_over(&mut runner, shutdown).await;
    supervisor.worker.stop().await;
    let ended = conclude(reason, &errors, &sender).await;
    runner.close().await;
    ended
}

async fn start_worker(
    args: &WorkerArgs,
    settings: worker::WorkerSettings,
    start: &Start,
    shutdown: &Shutdown,
    system: &SystemContext,
) -> Result<Worker, CliError> {
    // Those of worker-manager are what a worker needs by definition.
    let is_registered = start.credentials.client_id.starts_with("worker/");
    if !is_registered && !args.allow_powerful_credentials {
        power::refuse_excess(&start.root_url, &start.credentials, system, shutdown).await?;
    }
    let started = Worker::start(settings, system.clock.clone(), &system.rng.branch("worker")).await;
    started.map_err(|error| CliError::new(Exit::Failed, with_causes(&error)))
}

struct Supervisor {
    worker: Worker,
    renewed: watch::Sender<Credentials>,
    idle: Option<Duration>,
    advisor: Advisor,
}

impl Supervisor {
    /// Returns, with the reason, once the worker is to stop.
    async fn until_over(&mut self, runner: &mut Runner, shutdown: &Shutdown) -> Reason {
        let mut finishes = false;
        loop {
            let message = tokio::select! {
                () = shutdown.wait() => return Reason::Requested,
                message = runner.next() => message,
                reason = self.work(finishes) => return reason,
            };
            match message {
                Some(RunnerMessage::NewCredentials(credentials)) => {
                    tracing::info!("worker-runner renewed the credentials");
                    self.renewed.send_replace(credentials);
                }
                Some(RunnerMessage::GracefulTermination { finish_tasks: true }) => {
                    tracing::info!("worker-runner asks for the end of this worker, after its tasks");
                    finishes = true;
                }
                Some(RunnerMessage::GracefulTermination { finish_tasks: false }) => {
                    tracing::warn!("worker-runner asks for the end of this worker at once");
                    return Reason::Requested;
                }
                None => {
                    tracing::warn!("worker-runner has closed its end: stopping");
                    return Reason::Requested;
                }
                // It is never handed on.
                Some(RunnerMessage::Welcome(_)) => {}
            }
        }
    }

    async fn work(&mut self, finishes: bool) -> Reason {
        if finishes {
            self.worker.finish().await;
            return Reason::Requested;
        }
        let idle = async {
            match self.idle {
                Some(idle) => self.advisor.until_not_needed(&self.worker, idle).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            why = self.worker.until_refused() => Reason::Refused(why),
            why = idle => Reason::Idle(why),
        }
    }
}

/// A worker that stops by itself asks for the end of its machine, which nobody else would notice.
async fn conclude(reason: Reason, errors: &ErrorReporter, sender: &RunnerSender) -> Result<(), CliError> {
    let ended = match reason {
        Reason::Requested => return Ok(()),
        Reason::Idle(why) => {
            tracing::info!(reason = why, "stopping");
            Ok(())
        }
        Reason::Refused(why) => {
            errors.report("the server does not take claims of this worker", &why, Map::new()).await;
            Err(never_accepted(&why))
        }
    };
    sender.send(&WorkerMessage::Shutdown).await;
    ended
}

/// One log line, as JSON. Without a message of worker-runner that takes it, it goes where other logs go.
fn log(sender: &RunnerSender, line: &[u8]) {
    let body = serde_json::from_slice(line).map(|mut fields: Map<String, Value>| {
        // The field that destinations without structure show.
        let message = fields.remove("message").unwrap_or_default();
        fields.insert("textPayload".to_owned(), message);
        Value::Object(fields)
    });
    if !body.is_ok_and(|body| sender.try_send(&WorkerMessage::Log(body))) {
        let _ = io::stderr().write_all(line);
    }
}
