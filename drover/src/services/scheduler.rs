//! The scheduler: finds groups that have just been resolved.

use actors::{
    kit::{Child, Notifier},
    queue::QueueSettings,
    scheduler::Scheduler as Handle,
};

use super::{notifications::publisher, relay, roles};
use crate::service::{Actors, Children, Context, Role, Service};

pub(super) struct Scheduler;

impl Service for Scheduler {
    fn name(&self) -> &'static str {
        roles::SCHEDULER
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::SCHEDULER, "finds task groups that have been resolved")];
        ROLES
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[roles::SCHEDULER], |context| Ok(Children::none().actor(here(context).actor)))];
        ACTORS
    }
}

/// The scheduler of this process.
#[derive(Clone)]
struct Here {
    actor: Child,
    notify: Notifier,
}

fn here(context: &Context) -> Here {
    context.shared(|context| {
        let (db, clock, relay) = (context.db.clone(), context.clock.clone(), relay::notify(context));
        let (rng, interval) =
            (context.rng.branch("scheduler"), context.settings::<QueueSettings>().sweep_interval.duration());
        let (actor, notify) = Handle { db, clock, rng, interval, relay }.part();
        Here { actor, notify }
    })
}

/// Says to the scheduler of this process, if there is one, that tasks were resolved.
pub(super) fn notify_here(context: &Context) -> Notifier {
    if context.runs(roles::SCHEDULER) { here(context).notify } else { Notifier::none() }
}

/// Says to every scheduler that tasks were resolved; to be given after a commit.
pub(super) fn notify(context: &Context) -> Notifier {
    notify_here(context).and(&publisher::remote(context).scheduler)
}
