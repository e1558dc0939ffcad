//! What this process and the other processes of the house say to each other.

use std::sync::Arc;

use actors::{kit::Child, queue::Wakes, wake::Process};
use bus::{Bus, MemoryBus};

use crate::{broker::broker, exit::CliError, roles::Plan};

/// True: events and wake-ups stay inside this process.
pub(crate) fn is_alone(plan: &Plan) -> bool {
    plan.settings.bus.amqp_url.is_empty()
}

pub(crate) fn connect_bus(plan: &Plan) -> Result<Arc<dyn Bus>, CliError> {
    if is_alone(plan) {
        return Ok(Arc::new(MemoryBus::default()));
    }
    let secret = Some(plan.credentials.queue_access_token.reveal());
    let bus = broker(&plan.settings, secret, "drover", &plan.system.rng.branch("bus"))?;
    if !bus.is_split() {
        tracing::warn!(
            "internal messages share the vhost of the external ones, where others may read them and fill their queues; the \
             setting bus.internal_amqp_url gives them their own (see bus/README.md)"
        );
    }
    if plan.settings.bus.accept_unsigned {
        tracing::warn!("messages that are not signed are taken; set bus.accept_unsigned to false after the upgrade");
    }
    Ok(Arc::new(bus))
}

/// Wake-ups to other processes and from them.
pub(crate) struct WakeUps {
    process: Option<Process>,
    teller: Option<Child>,
    /// What to give so that others hear of it.
    pub(crate) others: Wakes,
}

impl WakeUps {
    pub(crate) fn new(plan: &Plan, bus: &Arc<dyn Bus>) -> Self {
        if is_alone(plan) {
            return Self { process: None, teller: None, others: Wakes::none() };
        }
        let process = Process::new(bus.clone(), plan.system.rng.branch("wake"));
        let (teller, others) = process.teller();
        Self { process: Some(process), teller: Some(teller), others: others.wakes() }
    }

    /// The parts to supervise; `here` are woken by what other processes say.
    pub(crate) fn parts(self, here: Wakes) -> Vec<Child> {
        let listener = self.process.map(|process| process.listener(here));
        self.teller.into_iter().chain(listener).collect()
    }
}
