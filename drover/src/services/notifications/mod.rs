//! Notifications between processes: a commit here may be what an actor waits for there.

pub(super) mod publisher;

use actors::kit;

use super::{hooks, provisioner, queue, relay, scheduler};
use crate::service::{Actors, Children, Context, Service};

pub(super) struct Notifications;

impl Service for Notifications {
    fn name(&self) -> &'static str {
        "notifications"
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_every_process(|context| Ok(children(context)))];
        ACTORS
    }
}

/// None where there are no other processes.
fn children(context: &Context) -> Children {
    let Some(publisher) = publisher::publisher(context) else { return Children::none() };
    let here = kit::Notifications {
        relay: relay::notify_here(context),
        scheduler: scheduler::notify_here(context),
        claims: provisioner::with_pools_here(context, queue::notify_claimers_here(context)),
        hooks: hooks::notify_here(context),
        pools: provisioner::notify_here(context),
    };
    let subscriber = publisher.process.subscriber(here);
    Children::none().actor(publisher.actor).actor(subscriber)
}
