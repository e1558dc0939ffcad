//! The queue: tasks, their claims and their runs.

use std::sync::Arc;

use ::api::{Routes, own};
use actors::{
    id_search::IdSearch,
    kit::{Child, Notifications, PendingNotifier},
    queue::{self, Queue as Handle, QueueSettings},
};

use base::settings::Section;

use super::{api, notifications::publisher, object, relay, roles, scheduler};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Queue;

impl Service for Queue {
    fn name(&self) -> &'static str {
        roles::QUEUE
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<QueueSettings>("queue"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::QUEUE, "creates, claims and resolves tasks")];
        ROLES
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let limits = context.settings::<QueueSettings>().task_limits().map_err(StartError::Setting)?;
        let (server, queue, artifacts) = (api::server_context(context), handle(context), object::artifacts(context)?);
        Ok(vec![
            ::api::queue::routes(&server, queue.clone(), limits, artifacts),
            own::routes(context.clock.clone(), queue, limits, IdSearch::new(context.db.clone())),
        ])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[
            Actors::of_roles(&[roles::QUEUE], |context| Ok(local(context))),
            Actors::of_roles(&[roles::API], |context| Ok(remote(context))),
        ];
        ACTORS
    }
}

/// The queue of this process.
#[derive(Clone)]
struct Here {
    actors: Vec<Child>,
    handle: Handle,
}

fn here(context: &Context) -> Here {
    context.shared(|context| {
        let notifications = Notifications {
            relay: relay::notify(context),
            scheduler: scheduler::notify(context),
            claims: publisher::remote(context).claims,
        };
        let Context { db, clock, rng, .. } = context;
        let settings = context.settings::<QueueSettings>().clone();
        let (actors, handle) = queue::start(db.clone(), clock.clone(), rng.branch("queue"), settings, notifications);
        Here { actors, handle }
    })
}

fn local(context: &Context) -> Children {
    let Here { actors, handle } = here(context);
    let rpc =
        if context.has_broker() { handle.service(&context.bus, &context.rng.branch("service")) } else { Vec::new() };
    Children::none().actors(actors).rpc_servers(rpc)
}

/// A process without the queue records itself what it has sent to workers.
fn remote(context: &Context) -> Children {
    let children = Children::none();
    if context.runs(roles::QUEUE) { children } else { children.actor(here(context).handle.note_writer()) }
}

/// The queue: that of this process, or whichever process runs it.
pub(super) fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let Context { bus, clock, rng, .. } = context;
        let local = here(context).handle;
        if context.runs(roles::QUEUE) {
            local
        } else {
            local.elsewhere(bus, clock, &rng.branch("calls"), context.settings())
        }
    })
}

/// What to notify after commits that change tasks.
pub(super) fn notifiers(context: &Context) -> Notifications {
    here(context).handle.notifications()
}

/// Wakes those who wait for a claim in this process, if any do.
pub(super) fn notify_claimers_here(context: &Context) -> PendingNotifier {
    if context.runs(roles::QUEUE) { here(context).handle.claimers() } else { Arc::new(|_, _| ()) }
}
