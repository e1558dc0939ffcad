//! How the parts of the house are wired, for the roles a process runs.

use std::{collections::BTreeSet, io, path::PathBuf, sync::Arc, time::Duration};

use actors::{
    kit::{Child, Supervised, Supervisor},
    queue::{self, Nudge, Queue},
};
use api::Api;
use base::Shutdown;
use bus::{AmqpBus, Bus, MemoryBus};
use db::Db;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    clients,
    credentials::Credentials,
    exit::{Exit, Failure, with_causes},
    ground::Ground,
    role::Role,
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
    pub(crate) more_clients: Vec<api::Client>,
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

/// The HTTP server: a task of ours, and the word that ends it.
struct Door {
    close: Shutdown,
    serving: JoinHandle<io::Result<()>>,
}

impl House {
    pub(crate) async fn start(plan: Plan) -> Result<Self, Failure> {
        let root_url = root_url(&plan)?;
        let bus = connect_bus(&plan)?;
        let (children, queue) = parts(&plan);
        let parts = Supervisor::start(children, plan.ground.entropy.branch("supervisor")).await;
        let db = plan.db.clone();
        let door = plan.roles.contains(&Role::Api).then(|| Door::open(plan, &root_url, queue));
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
    fn open(plan: Plan, root_url: &str, queue: Queue) -> Self {
        let Plan { mut settings, credentials, more_clients, listener, ground, .. } = plan;
        root_url.clone_into(&mut settings.api.root_url);
        let clients = clients::all(&settings.auth, &credentials, more_clients);
        let entropy = ground.entropy.branch("api");
        let api = Api { settings: settings.api, build: build(), queue, clients, clock: ground.clock, entropy };
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

/// Every part of the roles asked for, to be supervised, and the queue's door.
fn parts(plan: &Plan) -> (Vec<Child>, Queue) {
    let Ground { clock, entropy } = plan.ground.clone();
    let nobody: Nudge = Arc::new(|| ());
    queue::start(plan.db.clone(), clock, entropy.branch("queue"), plan.settings.queue.clone(), nobody.clone(), nobody)
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
