//! Notifications to other processes.

use actors::{
    kit::{Child, Notifications},
    remote_notifications::RemoteNotifications,
};

use crate::service::Context;

#[derive(Clone)]
pub(super) struct Publisher {
    pub(super) process: RemoteNotifications,
    pub(super) actor: Child,
    remote: Notifications,
}

/// None where there are no other processes.
pub(super) fn publisher(context: &Context) -> Option<Publisher> {
    context.has_broker().then(|| {
        context.shared(|context| {
            let process = RemoteNotifications::new(context.bus.clone(), context.rng.branch("notifications"));
            let (actor, notifier) = process.publisher();
            Publisher { process, actor, remote: notifier.notifications() }
        })
    })
}

/// Wakes actors of other processes.
pub(in crate::services) fn remote(context: &Context) -> Notifications {
    publisher(context).map_or_else(Notifications::none, |publisher| publisher.remote)
}
