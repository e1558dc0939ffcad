//! `drover dev`: everything in one process but the workers, with nothing to set up first.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use actors::sessions::SessionError;
use base::{ConfigDuration, Secret, Shutdown, telemetry};
use clap::Args;
use protocol::exchanges::ExchangeNames;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::{
    app::{App, AppConfig},
    broker::exchange_names,
    credentials::{self, Credentials},
    data_dir::DataDir,
    database::Database,
    dev_workers::{DevWorkers, WorkerClient, WorkerCount, more_providers},
    exit::{CliError, Exit},
    global::{Global, revealed, signals},
    output::Output,
    service::Registry,
    settings::DroverSettings,
    system_context::SystemContext,
};

/// Who stops a development server does not want to wait for slow clients.
const DRAIN: ConfigDuration = ConfigDuration::seconds(2);

/// Flags of `drover dev`; each stands for a setting.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover dev
  drover dev --listen 127.0.0.1:0 --ephemeral -o json
  drover dev --workers 0 --root-credentials-file /run/secrets/drover-root
  DROVER__AUTH__ROOT_CREDENTIALS=static/taskcluster/root:$(openssl rand -hex 22) drover dev
  DROVER__DATABASE__URL=postgresql://drover:PASSWORD@db.example.com/drover drover dev

Secrets belong into a file or the environment: everybody on this machine can read command lines.
When it is ready it prints one line; with -o json an object with rootUrl, clientId and accessToken.
SIGTERM or Ctrl-C stops it; a second one stops it at once.")]
pub(crate) struct DevArgs {
    /// Address and port to listen on; port 0 takes any free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The folder that keeps the database, artifacts and credentials.
    #[arg(long, value_name = "DIR", conflicts_with = "ephemeral")]
    data_dir: Option<PathBuf>,
    /// The client that may do everything, for tests: others can read it. Better is --root-credentials-file, or the
    /// variable `DROVER__AUTH__ROOT_CREDENTIALS` [default: made once and kept in the data folder].
    #[arg(long, value_name = "CLIENT_ID:ACCESS_TOKEN", conflicts_with = "root_credentials_file")]
    root_credentials: Option<Secret>,
    /// A file with the client that may do everything, as `CLIENT_ID:ACCESS_TOKEN` on one line.
    #[arg(long, value_name = "FILE")]
    root_credentials_file: Option<PathBuf>,
    /// How long a claim holds before the run counts as lost [default: 20 minutes].
    #[arg(long, value_name = "SECONDS")]
    claim_timeout: Option<String>,
    /// How long after its deadline an unfinished task is ended [default: 1 minute].
    #[arg(long, value_name = "SECONDS")]
    deadline_delay: Option<String>,
    /// A PostgreSQL to use instead of one of our own; with a password better as `DROVER__DATABASE__URL`.
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// A RabbitMQ to tell events to; with a password better as `DROVER__BUS__AMQP_URL`.
    #[arg(long, value_name = "URL")]
    amqp_url: Option<Secret>,
    /// How many workers it starts, each a process of its own: `auto` starts them while tasks wait, a number keeps as many all
    /// the time, 0 for none [default: auto].
    #[arg(long, value_name = "N|auto")]
    workers: Option<WorkerCount>,
    /// Keep everything in a temporary folder that is removed at the end.
    #[arg(long)]
    ephemeral: bool,
}

impl DevArgs {
    fn flags(&self) -> Result<[(&'static str, Option<String>); 9], CliError> {
        let root = match &self.root_credentials_file {
            Some(file) => Some(credentials::from_file(file)?),
            None => revealed(self.root_credentials.as_ref()),
        };
        Ok([
            ("listen", self.listen.map(|listen| listen.to_string())),
            ("data_dir", self.data_dir.as_ref().map(|dir| dir.display().to_string())),
            ("auth.root_credentials", root),
            ("queue.claim_timeout", self.claim_timeout.clone()),
            ("queue.deadline_delay", self.deadline_delay.clone()),
            ("database.url", revealed(self.database_url.as_ref())),
            ("bus.amqp_url", revealed(self.amqp_url.as_ref())),
            ("dev.workers", self.workers.map(|workers| workers.to_string())),
            ("dev.ephemeral", self.ephemeral.then(|| "true".to_owned())),
        ])
    }
}

pub(crate) async fn run(
    args: DevArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let mut settings = global.load(&args.flags()?)?;
    // Somebody who tries it out; an installation with a root client of its own decides for itself who reads.
    let tried_out = settings.auth.root_credentials.is_empty();
    settings.auth.public_read |= tried_out && !settings.origins.contains_key("auth.public_read");
    settings.api.drain_timeout = settings.api.drain_timeout.min(DRAIN);
    let exchange_names = exchange_names(&settings.bus)?;
    let _telemetry = telemetry::init(&settings.telemetry, "dev")?;
    hide_memory();
    global.warn_of_secrets();
    let shutdown = signals()?;
    let listener = listen(&settings.listen).await?;
    let data_dir =
        if settings.dev.ephemeral { DataDir::temporary(&system.rng)? } else { DataDir::open(&settings.data_dir)? };
    let database = tokio::select! {
        database = Database::given_or_embedded(&settings.database, data_dir.path()) => database?,
        () = shutdown.wait() => return Ok(Exit::Interrupted),
    };
    let dev = Dev {
        registry: global.registry.clone(),
        settings,
        exchange_names,
        data_dir: data_dir.path(),
        system,
        shutdown,
        output: *output,
    };
    let lived = dev.live(listener, &database).await;
    database.stop().await;
    lived
}

/// What lives above the database.
struct Dev<'d> {
    registry: Registry,
    settings: DroverSettings,
    exchange_names: ExchangeNames,
    data_dir: &'d Path,
    system: &'d SystemContext,
    shutdown: Shutdown,
    output: Output,
}

impl Dev<'_> {
    /// From the database's start to the word to stop.
    async fn live(self, listener: TcpListener, database: &Database) -> Result<Exit, CliError> {
        database.upgrade(&self.shutdown).await?;
        let credentials = Credentials::given_or_kept(&self.settings.auth, self.data_dir, &self.system.rng)?;
        let dev = &self.settings.dev;
        let worker_clients = WorkerClient::make_all(dev.workers.fixed(), &dev.task_queue, &self.system.rng);
        let more_providers =
            if dev.workers == WorkerCount::Auto { more_providers(self.settings.section())? } else { Vec::new() };
        let app = App::start(AppConfig {
            roles: self.registry.all_roles(),
            registry: self.registry.clone(),
            exchange_names: self.exchange_names.clone(),
            settings: self.settings.clone(),
            credentials: credentials.clone(),
            more_clients: worker_clients.iter().map(WorkerClient::registered).collect(),
            ends_machines: true,
            more_providers,
            listener,
            data_dir: self.data_dir.to_owned(),
            db: database.connect(&self.settings.database).await?,
            system: self.system.clone(),
        })
        .await?;
        let lived = self.work(&app, &worker_clients, &credentials).await;
        app.stop().await;
        lived
    }

    async fn work(&self, app: &App, clients: &[WorkerClient], credentials: &Credentials) -> Result<Exit, CliError> {
        let Self { settings, data_dir, system, .. } = self;
        let mut workers = DevWorkers::start(settings, clients, app.root_url(), data_dir, system).await?;
        if let Some(pools) = app.local_pools() {
            pools.recover().await?;
            if settings.dev.workers == WorkerCount::Auto {
                pools.create(&settings.dev.task_queue).await?;
            }
        }
        announce(app, credentials, self.output).await;
        tokio::select! {
            () = self.shutdown.wait() => {}
            never = workers.watch() => match never {},
        }
        tracing::info!("stopping");
        workers.stop().await;
        if let Some(pools) = app.local_pools() {
            pools.stop().await;
        }
        Ok(Exit::Ok)
    }
}

/// What other programs wait for and read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'r> {
    root_url: &'r str,
    client_id: &'r str,
    access_token: &'r str,
    /// Opens the page, once; left out where the server is reached from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in_url: Option<&'r str>,
}

async fn announce(app: &App, credentials: &Credentials, output: Output) {
    let (client_id, access_token) = (&credentials.root_client_id, credentials.root_access_token.reveal());
    let (root_url, sign_in_url) = (app.root_url(), sign_in_url(app, client_id).await);
    let sign_in_url = sign_in_url.as_deref();
    let text = format!(
        "Drover is ready: export TASKCLUSTER_ROOT_URL={root_url} TASKCLUSTER_CLIENT_ID={client_id} \
         TASKCLUSTER_ACCESS_TOKEN={access_token}"
    );
    let page =
        sign_in_url.map(|url| format!("\nThe page: {url} (good once and for ten minutes; `drover ui` prints another)"));
    let text = format!("{text}{}", page.unwrap_or_default());
    output.either(&Ready { root_url, client_id, access_token, sign_in_url }, &text);
}

/// A server that is reached from elsewhere has none: a link is a credential that would go over the network in the clear.
async fn sign_in_url(app: &App, client_id: &str) -> Option<String> {
    match app.sessions().link(client_id).await {
        Ok(link) => Some(link.url),
        Err(SessionError::NotHere(_)) => None,
        Err(error) => {
            tracing::warn!(%error, "no link to sign in at the page could be made");
            None
        }
    }
}

/// Processes of the same user, as tasks may be, read neither our memory nor our environment, which hold credentials.
pub(crate) fn hide_memory() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "other processes of this user can read the memory of this one");
    }
}

pub(crate) async fn listen(address: &str) -> Result<TcpListener, CliError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| CliError::new(Exit::Failed, format!("{address} cannot be listened on: {error}")))
}
