//! A worker of a worker pool: its provider says who it is, and worker-manager gives it its credentials.

use std::time::Duration;

use base::telemetry;
use serde_json::{Map, Value, json};
use worker::{
    Worker,
    provider::{MachineIdentity, MachineProvider, Session, aws, azure, google, kubernetes, local::LocalMachine},
};

use super::{args::WorkerArgs, harden, parent, provider_args::ProviderKind, worker_config};
use crate::{
    exit::{CliError, Exit, with_causes},
    global::{Global, signals},
    output::Output,
    system_context::SystemContext,
};

/// How long a worker has no task before it asks whether it may stop, where its launch config does not say.
const IDLE: Duration = Duration::from_mins(1);

pub(super) async fn run(
    mut args: WorkerArgs,
    kind: ProviderKind,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    if harden::shows_secrets() {
        let words = "a worker of a worker pool gets its credentials from worker-manager: unset TASKCLUSTER_ACCESS_TOKEN and the like";
        return Err(CliError::new(Exit::Usage, words));
    }
    if let Some(parent) = args.parent {
        parent::end_with(parent)?;
    }
    let loaded = global.load(&[])?;
    let _telemetry = telemetry::init(&loaded.telemetry, "worker")?;
    let shutdown = signals()?;
    let machine = machine(&args, kind)?;
    let rng = system.rng.branch("session");
    let registration = async {
        let identity = machine.identity().await.map_err(|error| CliError::new(Exit::Failed, with_causes(&error)))?;
        let clock = system.clock.clone();
        let session = match kind {
            ProviderKind::Static => Session::register(identity.clone(), clock, rng).await?,
            _ => Session::register_launched(identity.clone(), clock, rng).await?,
        };
        Ok::<_, CliError>((identity, session))
    };
    let (identity, mut session) = tokio::select! {
        () = shutdown.wait() => return Ok(Exit::Ok),
        registered = registration => registered?,
    };
    if let MachineProvider::Local(machine) = &machine {
        machine.registered();
        args.work_dir.get_or_insert_with(|| machine.work_dir());
    }
    let config = session.registered().worker_config.clone();
    let worker = start(args, &identity, &session, &config, &loaded.dev.task_variables, system).await;
    let worker = match worker {
        Ok(worker) => worker,
        Err(error) => return Err(give_up(&session, error).await),
    };
    let text =
        format!("worker {}/{} takes tasks of {}", identity.worker_group, identity.worker_id, identity.worker_pool_id);
    let object = json!({ "taskQueueId": identity.worker_pool_id, "workerGroup": identity.worker_group, "workerId": identity.worker_id });
    output.either(&object, &text);
    let idle = worker_config::idle_timeout(&config).unwrap_or(IDLE);
    tokio::select! {
        () = shutdown.wait() => {}
        why = worker.until_refused() => tracing::error!(reason = why, "stopping: the server does not take claims of this worker"),
        why = session.until_over(&worker, idle) => tracing::info!(reason = why, "stopping"),
        _ = machine.interrupted() => tracing::warn!("stopping: the provider takes this machine back"),
    }
    worker.stop().await;
    session.remove().await;
    Ok(Exit::Ok)
}

/// Of a worker that cannot start: its machine has no use.
async fn give_up(session: &Session, error: CliError) -> CliError {
    session.errors().report("the worker cannot start", &error.to_string(), Map::new()).await;
    session.remove().await;
    error
}

async fn start(
    mut args: WorkerArgs,
    identity: &MachineIdentity,
    session: &Session,
    config: &Value,
    task_variables: &[String],
    system: &SystemContext,
) -> Result<Worker, CliError> {
    args.task_queue_id.clone_from(&identity.worker_pool_id);
    args.worker_group.clone_from(&identity.worker_group);
    args.worker_id = Some(identity.worker_id.clone());
    worker_config::apply(&mut args, config)?;
    let credentials = session.registered().credentials.clone();
    let mut settings = args.settings(&identity.root_url, credentials, task_variables, system)?;
    settings.renewed_credentials = Some(session.credentials());
    settings.errors = session.errors();
    let started = Worker::start(settings, system.clock.clone(), &system.rng.branch("worker")).await;
    started.map_err(|error| CliError::new(Exit::Failed, with_causes(&error)))
}

/// What the flags say about the machine that this is.
fn machine(args: &WorkerArgs, kind: ProviderKind) -> Result<MachineProvider, CliError> {
    let flags = &args.provider;
    let failed = |error: worker::provider::IdentityError| CliError::new(Exit::Failed, with_causes(&error));
    let endpoint = |default: &'static str| flags.metadata_endpoint.clone().unwrap_or_else(|| default.to_owned());
    Ok(match kind {
        ProviderKind::Aws => MachineProvider::Aws(aws::Aws::new(&endpoint(aws::METADATA_ENDPOINT)).map_err(failed)?),
        ProviderKind::Azure => {
            let (endpoint, file) = (endpoint(azure::METADATA_ENDPOINT), flags.custom_data_file.as_deref());
            MachineProvider::Azure(azure::Azure::new(&endpoint, file).map_err(failed)?)
        }
        ProviderKind::Google => {
            MachineProvider::Google(google::Google::new(&endpoint(google::METADATA_ENDPOINT)).map_err(failed)?)
        }
        ProviderKind::Kubernetes => {
            let user_data = base::environment::variable(kubernetes::USER_DATA);
            MachineProvider::Kubernetes(kubernetes::Pod::new(&flags.token_file, user_data, args.worker_id.clone()))
        }
        ProviderKind::Local => {
            let directory = flags.machine_dir.clone().ok_or_else(|| missing("--machine-dir"))?;
            MachineProvider::Local(LocalMachine::new(directory))
        }
        ProviderKind::Static => MachineProvider::Static(static_identity(args)?),
    })
}

fn missing(flag: &str) -> CliError {
    CliError::new(Exit::Usage, format!("a worker of this type of provider needs {flag}"))
}

fn static_identity(args: &WorkerArgs) -> Result<MachineIdentity, CliError> {
    let file = args.provider.static_secret_file.as_ref().ok_or_else(|| missing("--static-secret-file"))?;
    let secret = std::fs::read_to_string(file)
        .map_err(|error| CliError::new(Exit::Usage, format!("{} cannot be read: {error}", file.display())))?;
    Ok(MachineIdentity {
        root_url: args.server.direct_root_url()?,
        worker_pool_id: args.task_queue_id.clone(),
        provider_id: args.provider.provider_id.clone(),
        worker_group: args.worker_group.clone(),
        worker_id: args.worker_id.clone().ok_or_else(|| missing("--worker-id"))?,
        proof: json!({ "staticSecret": secret.trim() }),
    })
}
