//! Notifications to other processes.

use actors::{
    kit::{Child, Notifications},
    wake::Process,
};

use crate::service::Context;

#[derive(Clone)]
pub(super) struct Publisher {
    pub(super) process: Process,
    pub(super) actor: Child,
    remote: Notifications,
}

/// None where there are no other processes.
pub(super) fn publisher(context: &Context) -> Option<Publisher> {
    context.has_broker().then(|| {
        context.shared(|context| {
            let process = Process::new(context.bus.clone(), context.rng.branch("wake"));
            let (actor, others) = process.teller();
            Publisher { process, actor, remote: others.notifications() }
        })
    })
}

/// Wakes actors of other processes.
pub(in crate::services) fn remote(context: &Context) -> Notifications {
    publisher(context).map_or_else(Notifications::none, |publisher| publisher.remote)
}
