//! The actors of the provisioner.

use std::sync::Arc;

use actors::{
    kit::{Child, Notifier},
    notify::Notify,
};

use crate::{
    checker, emails, keys, launcher, observer, pools, prices,
    shared::{PendingPools, ProvisionerNotifier, ProvisionerParts, Shared},
    sweeper, watcher,
};

/// The actors to supervise, and what wakes them. Any number of processes may run them: they share their work by locks and
/// leases in the database.
pub fn start(parts: ProvisionerParts, notify: &Notify) -> (Vec<Child>, ProvisionerNotifier) {
    let shared = Arc::new(Shared::new(parts));
    let (mut children, mut launchers, mut checkers) = (Vec::new(), Notifier::none(), Notifier::none());
    for provider in shared.providers() {
        let (launcher, wake_launcher) = launcher::child(&shared, provider);
        let (checker, wake_checker) = checker::child(&shared, provider);
        launchers = launchers.and(&wake_launcher);
        checkers = checkers.and(&wake_checker);
        children.extend([launcher, checker, sweeper::child(&shared, provider)]);
        children.extend([prices::child(&shared, provider), keys::child(&shared, provider)]);
    }
    let pending = PendingPools::default();
    let (pools, wake_pools) = pools::child(&shared, &pending, launchers);
    let (emails, wake_emails) = emails::child(&shared, notify);
    children.extend([pools, emails, observer::child(&shared)]);
    let others = checkers.and(&wake_pools);
    children.extend(shared.providers().map(|provider| watcher::child(&shared, provider, &others)));
    (children, ProvisionerNotifier { pools: wake_pools, checkers, emails: wake_emails, pending })
}
