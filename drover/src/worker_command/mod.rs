//! `drover worker`: claims and runs tasks on this machine.

mod args;
mod containers;
mod credentials;
mod harden;
mod isolation;
mod parent;
mod power;
mod private_file;
mod provider;
mod provider_args;
mod runner;
mod runner_args;
mod runner_config;
mod signing_key;
mod worker_config;

use base::telemetry;
use worker::Worker;

pub(crate) use self::args::WorkerArgs;
use self::args::{WorkerCommand, never_accepted};
use crate::{
    exit::{CliError, Exit, with_causes},
    global::Global,
    global::signals,
    output::Output,
    system_context::SystemContext,
};

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
    if args.runner.runner_protocol {
        return runner::run(args, global, system, output).await;
    }
    let credentials = args.own_credentials()?;
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
    refused.map_or(Ok(Exit::Ok), |why| Err(never_accepted(&why)))
}
