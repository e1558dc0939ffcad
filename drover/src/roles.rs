//! How the parts of the house are wired, for the roles a process runs.

use std::{collections::BTreeSet, io, path::PathBuf, sync::Arc, time::Duration};

use actors::{
    artifacts::Artifacts,
    auth::{Auth, StaticClient},
    kit::{Child, Supervised, Supervisor},
    object::Objects,
    queue::{self, Nudge, Queue},
    reflector::Reflector,
    relay,
    scheduler::Scheduler,
};
use api::Api;
use base::{KeyRing, Shutdown};
use bus::{AmqpBus, Bus, MemoryBus};
use db::Db;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    clients,
    credentials::Credentials,
    exit::{Exit, Failure, with_causes},
    ground::Ground,
    role::Role,
    services::Services,
    settings::DroverSettings,
};

/// How long parts may take to finish what waits when the house stops.
const PARTS_PATIENCE: Duration = Duration::from_secs(2);

/// What a process is to run, and with what.
pub(crate) struct Plan {
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) settings: DroverSettings,
    pub(crate) credentials: Credentials,
    /// Clients besides those of the settings.
    pub(crate) more_clients: Vec<StaticClient>,
    pub(crate) listener: TcpListener,
    pub(crate) data_dir: PathBuf,
    pub(crate) db: Db,
    pub(crate) ground: Ground,
}

/// The running parts.
pub(crate) struct House {
    root_url: String,
    door: Option<Door>,
    parts: Supervised,
    bus: Arc<dyn Bus>,
    db: Db,
}

/// What the HTTP server speaks to.
struct Doors {
    queue: Queue,
    artifacts: Artifacts,
    auth: Auth,
    services: Services,
}

/// The HTTP server: a task of ours, and the word that ends it.
struct Door {
    close: Shutdown,
    serving: JoinHandle<io::Result<()>>,
}

impl House {
    pub(crate) async fn start(plan: Plan) -> Result<Self, Failure> {
        let root_url = root_url(&plan)?;
        let bus = connect_bus(&plan)?;
        let artifacts = artifacts(&plan).await?;
        let (children, doors) = parts(&plan, &bus, artifacts)?;
        if plan.roles.contains(&Role::Api) {
            start_auth(&plan, &doors.auth).await?;
        }
        let parts = Supervisor::start(children, plan.ground.entropy.branch("supervisor")).await;
        let db = plan.db.clone();
        let door = plan.roles.contains(&Role::Api).then(|| Door::open(plan, &root_url, doors));
        Ok(Self { root_url, door, parts, bus, db })
    }

    /// Where clients reach it.
    pub(crate) fn root_url(&self) -> &str {
        &self.root_url
    }

    /// From the door inwards: first nobody comes in any more, then what is under way is finished.
    pub(crate) async fn stop(self) {
        if let Some(door) = self.door {
            door.shut().await;
        }
        self.parts.stop(PARTS_PATIENCE).await;
        self.bus.close().await;
        self.db.close().await;
    }
}

impl Door {
    #[expect(clippy::disallowed_methods, reason = "`shut` ends it and waits for it")]
    fn open(plan: Plan, root_url: &str, doors: Doors) -> Self {
        let Plan { mut settings, listener, ground, .. } = plan;
        root_url.clone_into(&mut settings.api.root_url);
        let entropy = ground.entropy.branch("api");
        let (settings, clock) = (settings.api, ground.clock);
        let Doors { queue, artifacts, auth, services: Services { index, secrets, purge_cache } } = doors;
        let build = build();
        let api = Api { settings, build, queue, artifacts, auth, index, secrets, purge_cache, clock, entropy };
        let close = Shutdown::new();
        Self { close: close.clone(), serving: tokio::spawn(api::serve(listener, api, close)) }
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
fn parts(plan: &Plan, bus: &Arc<dyn Bus>, artifacts: Artifacts) -> Result<(Vec<Child>, Doors), Failure> {
    let Ground { clock, entropy } = plan.ground.clone();
    let (db, settings) = (plan.db.clone(), plan.settings.queue.clone());
    let (relay, written) = relay::start(db.clone(), bus.clone(), plan.settings.relay.clone(), entropy.branch("relay"))
        .map_err(|error| Failure::new(Exit::Usage, format!("the setting `relay.exchange_names`: {error}")))?;
    let every = settings.sweep_interval.duration();
    let ring = key_ring(plan)?;
    let auth = auth(plan, ring.clone(), written.clone());
    let services = Services::new(plan, ring);
    let scheduler = Scheduler { db: db.clone(), clock: clock.clone(), every, relay: written.clone() };
    let (scheduler, resolved) = scheduler.part();
    let resolved: Nudge = Arc::new(move || resolved.give());
    let (queue_parts, queue) =
        queue::start(db.clone(), clock.clone(), entropy.branch("queue"), settings.clone(), written, resolved);
    let reflector = Reflector { db, clock, entropy: entropy.branch("reflector"), settings, wakes: queue.wakes() };

    let of_role = services.parts(plan, bus)?.into_iter().chain([
        (Role::Relay, vec![relay]),
        (Role::Scheduler, vec![scheduler]),
        (Role::Queue, queue_parts),
        (Role::Reflector, reflector.parts()),
        (Role::Reflector, vec![artifacts.sweeper()]),
        (Role::Api, vec![auth.watch()]),
    ]);
    let wanted = of_role.filter(|(role, _)| plan.roles.contains(role));
    let children = wanted.flat_map(|(_, parts)| parts).collect();
    Ok((children, Doors { queue, artifacts, auth, services }))
}

fn key_ring(plan: &Plan) -> Result<Arc<KeyRing>, Failure> {
    let ring = KeyRing::new(&plan.credentials.sealing_keys);
    ring.map(Arc::new).map_err(|error| Failure::new(Exit::Usage, format!("the setting `auth.sealing_keys`: {error}")))
}

fn auth(plan: &Plan, ring: Arc<KeyRing>, relay: Nudge) -> Auth {
    let Ground { clock, entropy } = plan.ground.clone();
    Auth::new(plan.db.clone(), clock, entropy.branch("auth"), ring, relay, &plan.credentials.queue_access_token)
}

/// Nobody is let in before the clients are known.
async fn start_auth(plan: &Plan, auth: &Auth) -> Result<(), Failure> {
    let clients = clients::all(&plan.settings.auth, &plan.credentials, plan.more_clients.clone())?;
    let started = auth.start(&clients).await;
    started.map_err(|error| Failure::new(Exit::Failed, format!("clients and roles: {}", with_causes(&error))))
}

/// Artifacts, and the store for their content, which is a folder that all processes with this role share.
async fn artifacts(plan: &Plan) -> Result<Artifacts, Failure> {
    let (Ground { clock, entropy }, db) = (plan.ground.clone(), plan.db.clone());
    let folder = plan.data_dir.join("objects");
    let objects = Objects::start(db.clone(), clock.clone(), entropy.branch("objects"), &folder).await;
    let objects = objects.map_err(|error| {
        let words = format!("the artifact store in {} cannot be used: {}", folder.display(), with_causes(&error));
        Failure::new(Exit::Failed, words)
    })?;
    Ok(Artifacts::new(db, clock, entropy.branch("artifacts"), objects))
}

fn root_url(plan: &Plan) -> Result<String, Failure> {
    let given = plan.settings.api.root_url.trim_end_matches('/');
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let address = plan.listener.local_addr();
    let address = address.map_err(|error| Failure::new(Exit::Failed, format!("the listening address: {error}")))?;
    Ok(format!("http://{address}"))
}

fn connect_bus(plan: &Plan) -> Result<Arc<dyn Bus>, Failure> {
    let url = plan.settings.bus.amqp_url.reveal();
    if url.is_empty() {
        return Ok(Arc::new(MemoryBus::default()));
    }
    let bus = AmqpBus::new(url, "drover", &plan.ground.entropy.branch("bus"));
    let bus = bus.map_err(|error| {
        Failure::new(Exit::Usage, format!("the setting `bus.amqp_url` cannot be used: {}", with_causes(&error)))
    })?;
    Ok(Arc::new(bus))
}

fn build() -> api::Build {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let commit = option_env!("DROVER_COMMIT").unwrap_or("unknown").to_owned();
    api::Build { build: format!("drover {version}"), version, commit, source: String::new() }
}
