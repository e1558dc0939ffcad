//! A server process: its services in the order in which they start and stop.

mod bus;
mod http;

use std::{path::PathBuf, sync::Arc, time::Duration};

use ::bus::Bus;
use actors::{
    auth::StaticClient,
    kit::{Supervisor, SupervisorHandle},
    sessions::Sessions,
    worker_manager::ProviderSettings,
};
use base::{KeyRing, Shutdown};
use db::Db;
use http::Server;
use protocol::exchanges::ExchangeNames;
use tokio::net::TcpListener;

use crate::{
    credentials::Credentials,
    dev_workers::LocalPools,
    exit::{CliError, Exit},
    service::{Children, Context, Registry, RoleSet, Shared},
    services,
    settings::DroverSettings,
    system_context::SystemContext,
};

/// How long actors may take to finish what waits when the process stops.
const ACTORS_TIMEOUT: Duration = Duration::from_secs(2);

/// The same for calls of other processes; what is not answered then is answered by another process.
const RPC_TIMEOUT: Duration = Duration::from_secs(5);

/// What a process is to run, and with what.
pub(crate) struct AppConfig {
    pub(crate) registry: Registry,
    pub(crate) roles: RoleSet,
    pub(crate) settings: DroverSettings,
    pub(crate) exchange_names: ExchangeNames,
    pub(crate) credentials: Credentials,
    /// Clients besides those of the settings.
    pub(crate) more_clients: Vec<StaticClient>,
    /// Whether machines that are processes of this one end with it.
    pub(crate) ends_machines: bool,
    /// Providers besides those of the settings.
    pub(crate) more_providers: Vec<ProviderSettings>,
    pub(crate) listener: TcpListener,
    pub(crate) data_dir: PathBuf,
    pub(crate) db: Db,
    pub(crate) system: SystemContext,
}

/// The running services of a process.
pub(crate) struct App {
    root_url: String,
    sessions: Sessions,
    local_pools: Option<LocalPools>,
    http: Server,
    rpc_servers: SupervisorHandle,
    actors: SupervisorHandle,
    bus: Arc<dyn Bus>,
    db: Db,
}

impl App {
    pub(crate) async fn start(config: AppConfig) -> Result<Self, CliError> {
        let root_url = root_url(&config)?;
        let bus = bus::connect(&config)?;
        let key_ring = key_ring(&config.credentials)?;
        let AppConfig { registry, roles, settings, exchange_names, credentials, more_clients, .. } = config;
        let AppConfig { ends_machines, more_providers, .. } = config;
        let AppConfig { listener, data_dir, db, system: SystemContext { clock, rng }, .. } = config;
        let (api, serves_api) = (settings.api.clone(), roles.contains("api"));
        let context = Context {
            roles,
            settings,
            credentials,
            more_clients,
            ends_machines,
            more_providers,
            data_dir,
            db,
            bus,
            clock,
            rng,
            exchange_names,
            root_url,
            key_ring,
            http_shutdown: Shutdown::new(),
            shared: Shared::default(),
        };
        registry.prepare(&context).await?;
        let Children { subscribers, actors, rpc_servers } = registry.children(&context)?;
        let routes = if serves_api { Some(registry.routes(&context)?) } else { None };
        let children = subscribers.into_iter().chain(actors).collect();
        let actors = Supervisor::start(children, context.rng.branch("supervisor")).await;
        let rpc_servers = Supervisor::start(rpc_servers, context.rng.branch("service")).await;
        let http = match routes {
            Some(routes) => Server::start(listener, api, &context, routes),
            None => Server::probes_only(listener, &context),
        };
        let sessions = services::sessions(&context);
        let local_pools = ends_machines.then(|| services::local_pools(&context)).transpose()?;
        let Context { root_url, bus, db, .. } = context;
        Ok(Self { root_url, sessions, local_pools, http, rpc_servers, actors, bus, db })
    }

    /// Where clients reach it.
    pub(crate) fn root_url(&self) -> &str {
        &self.root_url
    }

    /// Sessions of the page.
    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Worker pools, for a process with which their machines end.
    pub(crate) const fn local_pools(&self) -> Option<&LocalPools> {
        self.local_pools.as_ref()
    }

    /// No new requests first, then no new calls; what was accepted is finished before the actors end.
    pub(crate) async fn stop(self) {
        self.http.stop().await;
        self.rpc_servers.stop(RPC_TIMEOUT).await;
        self.actors.stop(ACTORS_TIMEOUT).await;
        self.bus.close().await;
        self.db.close().await;
    }
}

pub(crate) fn key_ring(credentials: &Credentials) -> Result<Arc<KeyRing>, CliError> {
    let ring = KeyRing::new(&credentials.sealing_keys);
    ring.map(Arc::new).map_err(|error| CliError::new(Exit::Usage, format!("the setting `auth.sealing_keys`: {error}")))
}

fn root_url(config: &AppConfig) -> Result<String, CliError> {
    let given = config.settings.api.root_url.trim_end_matches('/');
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let address = config.listener.local_addr();
    let address = address.map_err(|error| CliError::new(Exit::Failed, format!("the listening address: {error}")))?;
    Ok(format!("http://{address}"))
}
