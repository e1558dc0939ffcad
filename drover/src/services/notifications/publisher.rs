//! Notifications to other processes.

use actors::{kit::Child, queue::Wakes, wake::Process};

use crate::service::Context;

#[derive(Clone)]
pub(super) struct Publisher {
    pub(super) process: Process,
    pub(super) actor: Child,
    remote: Wakes,
}

/// None where there are no other processes.
pub(super) fn publisher(context: &Context) -> Option<Publisher> {
    context.has_broker().then(|| {
        context.shared(|context| {
            let process = Process::new(context.bus.clone(), context.rng.branch("wake"));
            let (actor, others) = process.teller();
            Publisher { process, actor, remote: others.wakes() }
        })
    })
}

/// Wakes actors of other processes.
pub(in crate::services) fn remote(context: &Context) -> Wakes {
    publisher(context).map_or_else(Wakes::none, |publisher| publisher.remote)
}
