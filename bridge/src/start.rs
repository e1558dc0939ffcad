//! Builds the actors of every master.

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
    Identity, InvalidMaster, MasterSettings, build_listener,
    builders::Builders,
    checks::CheckQueue,
    circuit_breaker::CircuitBreaker,
    driver::MasterDriver,
    finish_times::FinishTimes,
    logs::LogCopier,
    master::Master,
    metrics::Metrics,
    pending_scan,
    queue_client::QueueClient,
    reconciler::{self, Shared},
    rules::Rules,
    task_listener,
};

/// What the bridge depends on.
pub struct Bridge {
    pub queue: Queue,
    pub artifacts: Artifacts,
    pub auth: Auth,
    pub identity: Identity,
    pub db: Db,
    pub bus: Arc<dyn Bus>,
    /// Of the external (Pulse) exchanges.
    pub exchange_names: ExchangeNames,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// How long resolved requests are kept.
    pub retention: ConfigDuration,
}

/// One master: its settings, its driver, and what copies its logs.
pub struct MasterParts {
    pub settings: MasterSettings,
    pub driver: Arc<dyn MasterDriver>,
    pub logs: Arc<dyn LogCopier>,
}

/// The actors to supervise.
pub struct BridgeChildren {
    /// To be started before the relay, and on an in-memory bus in the same process.
    pub listeners: Vec<Child>,
    pub others: Vec<Child>,
}

impl Bridge {
    /// Several processes may serve the same masters: all of them listen for tasks, and the one that holds a master's lease
    /// reconciles its requests.
    pub fn children(&self, masters: Vec<MasterParts>) -> Result<BridgeChildren, InvalidMaster> {
        check_names(&masters)?;
        let (mut listeners, mut others) = (Vec::new(), Vec::new());
        for master in masters {
            let shared = Arc::new(self.shared(master)?);
            let (reconciler, notifier) = reconciler::child(shared.clone());
            let tasks = task_listener::child(shared.clone(), notifier.clone(), self.bus.clone(), &self.exchange_names);
            listeners.push(tasks);
            let scan = pending_scan::child(shared.clone(), notifier.clone());
            others.extend([reconciler, scan, build_listener::child(shared, notifier)]);
        }
        Ok(BridgeChildren { listeners, others })
    }

    pub(crate) fn shared(&self, master: MasterParts) -> Result<Shared, InvalidMaster> {
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
        let circuit = CircuitBreaker::new(driver, self.clock.clone(), rng.branch("circuit"), timeout);
        let master = Master {
            driver: Arc::new(circuit),
            logs,
            queue,
            artifacts: self.artifacts.clone(),
            db: self.db.clone(),
            clock: self.clock.clone(),
            rng,
            builders: Builders::new(),
            metrics: Metrics::new(),
            finish_times: FinishTimes::default(),
            create_permits: Semaphore::new((rules.settings.max_in_flight / 2).max(1)),
            receives_events: AtomicBool::new(false),
            followed: Mutex::default(),
            rules,
        };
        Ok(Shared {
            master,
            checks: CheckQueue::default(),
            leads: AtomicBool::new(false),
            retention: self.retention.delta(),
        })
    }
}

/// Names and task queues are unique.
fn check_names(masters: &[MasterParts]) -> Result<(), InvalidMaster> {
    let (mut names, mut queues) = (BTreeSet::new(), BTreeSet::new());
    for MasterParts { settings, .. } in masters {
        let bad = |message: String| Err(InvalidMaster { master: settings.name.clone(), message });
        if !names.insert(&settings.name) {
            return bad("`name` is used twice".to_owned());
        }
        if !queues.insert(settings.task_queue_id()) {
            return bad(format!("`task_queue`: another master has {} already", settings.task_queue_id()));
        }
    }
    Ok(())
}
