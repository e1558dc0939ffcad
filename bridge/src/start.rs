//! Builds the parts of every master.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use actors::{artifacts::Artifacts, auth::Auth, kit::Child, queue::Queue};
use base::{Clock, Rng, settings::ConfigDuration};
use bus::Bus;
use db::Db;
use protocol::exchanges::ExchangeNames;
use tokio::sync::Semaphore;

use crate::{
    BadMaster, Identity, MasterSettings, build_listener,
    builders::Builders,
    circuit::Circuit,
    driver::MasterDriver,
    endings::Endings,
    logs::LogCopier,
    master::Master,
    meters::Meters,
    pokes::Pokes,
    queue::QueueClient,
    reflector::{self, Shared},
    rules::Rules,
    task_listener,
};

/// What a bridge needs of the house.
pub struct Bridge {
    pub queue: Queue,
    pub artifacts: Artifacts,
    pub auth: Auth,
    pub identity: Identity,
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    /// Of the exchanges for the world.
    pub exchange_names: ExchangeNames,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// How long resolved requests are remembered.
    pub keep: ConfigDuration,
}

/// One master, and the ways to it.
pub struct MasterParts {
    pub settings: MasterSettings,
    pub driver: Arc<dyn MasterDriver>,
    pub logs: Arc<dyn LogCopier>,
}

/// The parts to supervise.
pub struct BridgeParts {
    /// To be started before the relay, and on a bus in memory in its process.
    pub listeners: Vec<Child>,
    pub others: Vec<Child>,
}

impl Bridge {
    /// Several processes may run the same masters: all of them listen, and one of them looks after each master.
    pub fn parts(&self, masters: Vec<MasterParts>) -> Result<BridgeParts, BadMaster> {
        check_names(&masters)?;
        let (mut listeners, mut others) = (Vec::new(), Vec::new());
        for master in masters {
            let shared = Arc::new(self.share(master)?);
            let (reflector, hint) = reflector::part(shared.clone());
            let tasks = task_listener::part(shared.clone(), hint.clone(), self.bus.clone(), &self.exchange_names);
            listeners.push(tasks);
            others.extend([reflector, build_listener::part(shared, hint)]);
        }
        Ok(BridgeParts { listeners, others })
    }

    pub(crate) fn share(&self, master: MasterParts) -> Result<Shared, BadMaster> {
        let MasterParts { settings, driver, logs } = master;
        let rules = Rules::read(settings)?;
        let rng = self.rng.branch(rules.name());
        let queue = QueueClient {
            queue: self.queue.clone(),
            auth: self.auth.clone(),
            clock: self.clock.clone(),
            identity: self.identity.clone(),
            task_queue_id: rules.task_queue_id.clone(),
            worker_group: rules.name().to_owned(),
        };
        let timeout = rules.settings.timeout.duration();
        let circuit = Circuit::new(driver, self.clock.clone(), rng.branch("circuit"), timeout);
        let master = Master {
            driver: Arc::new(circuit),
            logs,
            queue,
            artifacts: self.artifacts.clone(),
            db: self.db.clone(),
            clock: self.clock.clone(),
            rng,
            builders: Builders::new(),
            meters: Meters::new(),
            endings: Endings::default(),
            creating: Semaphore::new((rules.settings.in_flight / 2).max(1)),
            events: AtomicBool::new(false),
            shown: Mutex::default(),
            rules,
        };
        Ok(Shared { master, pokes: Pokes::default(), leads: AtomicBool::new(false), keep: self.keep.delta() })
    }
}

/// A name stands for one master, and a task queue leads to one.
fn check_names(masters: &[MasterParts]) -> Result<(), BadMaster> {
    let (mut names, mut queues) = (BTreeSet::new(), BTreeSet::new());
    for MasterParts { settings, .. } in masters {
        let bad = |words: String| Err(BadMaster { master: settings.name.clone(), words });
        if !names.insert(&settings.name) {
            return bad("`name` stands there twice".to_owned());
        }
        if !queues.insert(settings.task_queue_id()) {
            return bad(format!("`task_queue`: another master has {} already", settings.task_queue_id()));
        }
    }
    Ok(())
}
