//! The queue with its actors, to be supervised.

use std::sync::Arc;

use base::{Clock, Rng};
use bus::Bus;
use db::Db;

use super::{local::LocalQueue, remote::RemoteQueue, service::Queue, settings::QueueSettings};
use crate::kit::{Child, Notifications};

/// The queue of this process. `notifications` follow its commits.
pub fn start(
    db: Db,
    clock: Arc<dyn Clock>,
    rng: &Rng,
    settings: QueueSettings,
    notifications: Notifications,
) -> (Vec<Child>, Queue) {
    let (children, local) = LocalQueue::new(db, clock, rng, settings, notifications);
    (children, Queue::Local(Arc::new(local)))
}

/// The queue of whichever process runs it. `notifications` follow commits of this process that change tasks.
pub fn connect(
    db: Db,
    bus: &Arc<dyn Bus>,
    clock: Arc<dyn Clock>,
    rng: &Rng,
    settings: &QueueSettings,
    notifications: Notifications,
) -> (Vec<Child>, Queue) {
    let (writer, remote) = RemoteQueue::new(db, bus, clock, rng, settings, notifications);
    (vec![writer], Queue::Remote(Arc::new(remote)))
}
