//! How the parts of the house are wired, for the roles a process runs.

use std::{collections::BTreeSet, io, path::PathBuf, sync::Arc, time::Duration};

use actors::{
    artifacts::Artifacts,
    auth::{Auth, PUBLIC_READ, StaticClient},
    database_version,
    kit::{Child, Supervised, Supervisor},
    object::Objects,
    queue::{self, Nudge, Queue, TaskLimits, Wakes, both},
    reflector::Reflector,
    relay,
    scheduler::Scheduler,
};
use api::{Api, Ready};
use base::{KeyRing, Shutdown};
use bus::Bus;
use db::{Db, DbError};
use protocol::exchanges::ExchangeNames;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    between::{WakeUps, connect_bus, is_alone},
    clients,
    credentials::Credentials,
    data_dir,
    exit::{CliError, Exit, with_causes},
    role::Role,
    services::Services,
    settings::DroverSettings,
    system_context::SystemContext,
};

/// How long parts may take to finish what waits when the house stops.
const PARTS_PATIENCE: Duration = Duration::from_secs(2);

/// The same for calls of other processes; what is not answered then is answered by another process.
const SERVICE_PATIENCE: Duration = Duration::from_secs(5);

/// What a process is to run, and with what.
pub(crate) struct Plan {
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) settings: DroverSettings,
    pub(crate) exchange_names: ExchangeNames,
    pub(crate) credentials: Credentials,
    /// Clients besides those of the settings.
    pub(crate) more_clients: Vec<StaticClient>,
    pub(crate) listener: TcpListener,
    pub(crate) data_dir: PathBuf,
    pub(crate) db: Db,
    pub(crate) system: SystemContext,
}

/// The running parts.
pub(crate) struct App {
    root_url: String,
    door: Door,
    /// What answers other processes.
    service: Supervised,
    parts: Supervised,
    bus: Arc<dyn Bus>,
    db: Db,
}

/// What the HTTP server speaks to.
struct Doors {
    queue: Queue,
    task_limits: TaskLimits,
    artifacts: Artifacts,
    auth: Auth,
    services: Services,
}

/// The HTTP server: a task of ours, and the word that ends it.
struct Door {
    close: Shutdown,
    serving: JoinHandle<io::Result<()>>,
}

impl App {
    pub(crate) async fn start(plan: Plan) -> Result<Self, CliError> {
        let root_url = root_url(&plan)?;
        let bus = connect_bus(&plan)?;
        let artifacts = artifacts(&plan).await?;
        let (children, doors) = parts(&plan, &bus, artifacts, &root_url)?;
        if plan.roles.contains(&Role::Api) {
            start_auth(&plan, &doors.auth).await?;
        }
        let rng = &plan.system.rng;
        let parts = Supervisor::start(children, rng.branch("supervisor")).await;
        let service = Supervisor::start(service(&plan, &bus, &doors.queue), rng.branch("service")).await;
        let db = plan.db.clone();
        let door =
            if plan.roles.contains(&Role::Api) { Door::open(plan, &root_url, doors) } else { Door::probes_only(plan) };
        Ok(Self { root_url, door, service, parts, bus, db })
    }

    /// Where clients reach it.
    pub(crate) fn root_url(&self) -> &str {
        &self.root_url
    }

    /// From the door inwards: first nobody comes in any more, then what is under way is finished.
    pub(crate) async fn stop(self) {
        self.door.shut().await;
        self.service.stop(SERVICE_PATIENCE).await;
        self.parts.stop(PARTS_PATIENCE).await;
        self.bus.close().await;
        self.db.close().await;
    }
}

impl Door {
    #[expect(clippy::disallowed_methods, reason = "`shut` ends it and waits for it")]
    fn open(plan: Plan, root_url: &str, doors: Doors) -> Self {
        let Plan { mut settings, listener, system, db, exchange_names, .. } = plan;
        root_url.clone_into(&mut settings.api.root_url);
        let rng = system.rng.branch("api");
        let (settings, clock) = (settings.api, system.clock);
        let Doors { queue, task_limits, artifacts, auth, services } = doors;
        let Services { index, secrets, purge_cache, pushes, live } = services;
        let (build, ready) = (build(), ready(&db));
        let api = Api {
            settings,
            build,
            exchange_names,
            queue,
            task_limits,
            artifacts,
            auth,
            index,
            secrets,
            purge_cache,
            pushes,
            live,
            clock,
            rng,
            ready,
        };
        let close = Shutdown::new();
        Self { close: close.clone(), serving: tokio::spawn(api::serve(listener, api, close)) }
    }

    /// For a process without the HTTP API.
    #[expect(clippy::disallowed_methods, reason = "`shut` ends it and waits for it")]
    fn probes_only(plan: Plan) -> Self {
        let close = Shutdown::new();
        let health = api::serve_health(plan.listener, build(), ready(&plan.db), close.clone());
        Self { close, serving: tokio::spawn(health) }
    }

    async fn shut(self) {
        self.close.trigger();
        match self.serving.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the HTTP server failed"),
            Err(error) => tracing::error!(%error, "the HTTP server ended badly"),
        }
    }
}

/// Every part of the roles asked for, to be supervised, and what the HTTP server speaks to.
fn parts(
    plan: &Plan,
    bus: &Arc<dyn Bus>,
    artifacts: Artifacts,
    root_url: &str,
) -> Result<(Vec<Child>, Doors), CliError> {
    let SystemContext { clock, rng } = plan.system.clone();
    let (db, settings) = (plan.db.clone(), plan.settings.queue.clone());
    let task_limits = settings.task_limits().map_err(|words| CliError::new(Exit::Usage, words))?;
    let wake_ups = WakeUps::new(plan, bus);
    let (relay, send) = relay::start(
        db.clone(),
        bus.clone(),
        clock.clone(),
        &plan.exchange_names,
        plan.settings.relay.clone(),
        rng.branch("relay"),
    );
    let written = both(send.clone(), wake_ups.others.relay.clone());
    let every = settings.sweep_interval.duration();
    let ring = key_ring(plan)?;
    let auth = auth(plan, ring.clone(), written.clone());
    let services = Services::new(plan, ring, bus);
    let scheduler = Scheduler { db: db.clone(), clock: clock.clone(), every, relay: written.clone() };
    let (scheduler, check) = scheduler.part();
    let check: Nudge = Arc::new(move || check.give());
    let wakes = Wakes {
        relay: written,
        scheduler: both(check.clone(), wake_ups.others.scheduler.clone()),
        claimers: wake_ups.others.claimers.clone(),
    };
    let (queue_parts, near) = queue::start(db.clone(), clock.clone(), rng.branch("queue"), settings.clone(), wakes);
    let (index, rng) = (services.index.clone(), rng.branch("reflector"));
    let reflector = Reflector::new(db, clock, rng, settings, near.wakes(), index);
    let here = Wakes { relay: send, scheduler: check, claimers: near.claimers() };
    let (queue, note_writer) = if plan.roles.contains(&Role::Queue) {
        (near, None)
    } else {
        let SystemContext { clock, rng } = &plan.system;
        let note_writer = near.note_writer();
        (near.elsewhere(bus, clock, &rng.branch("calls"), &plan.settings.queue), Some(note_writer))
    };
    let (listeners, bridge) = crate::bridge::parts(plan, bus, (&queue, &artifacts, &auth))?;

    let of_role = services.parts(plan, bus, root_url).into_iter().chain([
        (Role::Bridge, listeners),
        (Role::Relay, vec![relay]),
        (Role::Scheduler, vec![scheduler]),
        (Role::Queue, queue_parts),
        (Role::Api, note_writer.into_iter().collect()),
        (Role::Reflector, reflector.parts()),
        // Where the content is: the folder belongs to this role, others would look for the files in vain.
        (Role::Object, vec![artifacts.sweeper()]),
        (role_of_auth(plan), vec![auth.watch()]),
        (Role::Bridge, bridge),
    ]);
    let wanted = of_role.filter(|(role, _)| plan.roles.contains(role));
    let everywhere = wake_ups.parts(here).into_iter().chain([database_version::part(plan.db.clone())]);
    let children = everywhere.chain(wanted.flat_map(|(_, parts)| parts)).collect();
    Ok((children, Doors { queue, task_limits, artifacts, auth, services }))
}

/// What answers other processes: it ends before the parts it leads to.
fn service(plan: &Plan, bus: &Arc<dyn Bus>, queue: &Queue) -> Vec<Child> {
    if is_alone(plan) || !plan.roles.contains(&Role::Queue) {
        return Vec::new();
    }
    queue.service(bus, &plan.system.rng.branch("service"))
}

/// A process without its database can do nothing, nor with one that somebody took back to an older version.
fn ready(db: &Db) -> Ready {
    let db = db.clone();
    Arc::new(move || {
        let db = db.clone();
        Box::pin(async move {
            db.check_version().await.map_err(|error| match error {
                DbError::Behind { .. } => error.to_string(),
                _ => "the database does not answer".to_owned(),
            })
        })
    })
}

/// Who has to know clients and roles: the HTTP server, and the bridge.
fn role_of_auth(plan: &Plan) -> Role {
    if plan.roles.contains(&Role::Api) { Role::Api } else { Role::Bridge }
}

fn key_ring(plan: &Plan) -> Result<Arc<KeyRing>, CliError> {
    let ring = KeyRing::new(&plan.credentials.sealing_keys);
    ring.map(Arc::new).map_err(|error| CliError::new(Exit::Usage, format!("the setting `auth.sealing_keys`: {error}")))
}

fn auth(plan: &Plan, ring: Arc<KeyRing>, relay: Nudge) -> Auth {
    let SystemContext { clock, rng } = plan.system.clone();
    let (token, longest_bewit) =
        (plan.credentials.queue_access_token.reveal(), plan.settings.auth.longest_signed_url.delta());
    Auth::new(plan.db.clone(), clock, rng.branch("auth"), ring, relay, token, longest_bewit)
}

/// Nobody is let in before the clients are known.
async fn start_auth(plan: &Plan, auth: &Auth) -> Result<(), CliError> {
    let clients = clients::all(&plan.settings.auth, &plan.credentials, plan.more_clients.clone())?;
    if plan.settings.auth.public_read {
        auth.grant_everybody(PUBLIC_READ);
    }
    let started = auth.start(&clients).await;
    started.map_err(|error| CliError::new(Exit::Failed, format!("clients and roles: {}", with_causes(&error))))
}

/// Artifacts, and the store for their content: a bucket, or a folder that all processes with this role share.
async fn artifacts(plan: &Plan) -> Result<Artifacts, CliError> {
    let (SystemContext { clock, rng }, db) = (plan.system.clone(), plan.db.clone());
    let folder = plan.data_dir.join("objects");
    if let Err(error) = data_dir::folder(&folder, 0o700) {
        tracing::warn!(%error, "the folder of the artifacts may be open to other users of this machine");
    }
    let objects =
        Objects::start(db.clone(), clock.clone(), rng.branch("objects"), &folder, &plan.settings.object).await;
    let objects = objects.map_err(|error| {
        CliError::new(Exit::Failed, format!("the artifact store cannot be used: {}", with_causes(&error)))
    })?;
    Ok(Artifacts::new(db, clock, rng.branch("artifacts"), objects))
}

fn root_url(plan: &Plan) -> Result<String, CliError> {
    let given = plan.settings.api.root_url.trim_end_matches('/');
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let address = plan.listener.local_addr();
    let address = address.map_err(|error| CliError::new(Exit::Failed, format!("the listening address: {error}")))?;
    Ok(format!("http://{address}"))
}

fn build() -> api::Build {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let commit = env!("DROVER_COMMIT").to_owned();
    api::Build { build: format!("drover {version}"), version, commit, source: String::new() }
}
