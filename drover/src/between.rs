//! What this process and the other processes of the house say to each other.

use std::{fs, sync::Arc};

use actors::{kit::Child, queue::Wakes, wake::Process};
use bus::{AmqpBus, Bus, MemoryBus};

use crate::{
    exit::{Exit, Failure, with_causes},
    roles::Plan,
};

/// True: events and wake-ups stay inside this process.
pub(crate) fn is_alone(plan: &Plan) -> bool {
    plan.settings.bus.amqp_url.is_empty()
}

pub(crate) fn connect_bus(plan: &Plan) -> Result<Arc<dyn Bus>, Failure> {
    if is_alone(plan) {
        return Ok(Arc::new(MemoryBus::default()));
    }
    let settings = &plan.settings.bus;
    let (url, entropy) = (settings.amqp_url.reveal(), plan.ground.entropy.branch("bus"));
    let bus = if settings.ca_file.is_empty() {
        AmqpBus::new(url, "drover", &entropy)
    } else {
        let authorities = fs::read_to_string(&settings.ca_file);
        let authorities = authorities.map_err(|error| {
            let words = format!("the file {} that the setting `bus.ca_file` names: {error}", settings.ca_file);
            Failure::new(Exit::Usage, words)
        })?;
        AmqpBus::trusting(url, &authorities, "drover", &entropy)
    };
    let bus = bus.map_err(|error| {
        Failure::new(Exit::Usage, format!("the setting `bus.amqp_url` cannot be used: {}", with_causes(&error)))
    })?;
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
        let process = Process::new(bus.clone(), plan.ground.entropy.branch("wake"));
        let (teller, others) = process.teller();
        Self { process: Some(process), teller: Some(teller), others: others.wakes() }
    }

    /// The parts to supervise; `here` are woken by what other processes say.
    pub(crate) fn parts(self, here: Wakes) -> Vec<Child> {
        let listener = self.process.map(|process| process.listener(here));
        self.teller.into_iter().chain(listener).collect()
    }
}
