//! The queue: tasks, their claims and their runs.

use ::api::{
    Routes,
    own::{self, Views},
};
use actors::{
    group_snapshot::GroupSnapshots,
    id_search::IdSearch,
    kit::{Child, Notifications, Notifier, PendingNotifier},
    offered_actions::OfferedActions,
    overview::Overview,
    queue::{self, Queue as Handle, QueueSettings},
};
use base::settings::Section;

use super::{api, auth, notifications::publisher, object, provisioner, relay, roles, scheduler};
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
        let clients = auth::handle(context).clients().clone();
        let actions =
            OfferedActions::new(queue.clone(), artifacts.clone(), clients, context.rng.branch("offered-actions"));
        Ok(vec![
            ::api::queue::routes(&server, queue.clone(), limits, artifacts.clone()),
            own::routes(
                context.clock.clone(),
                queue,
                limits,
                IdSearch::new(context.db.clone()),
                Views {
                    snapshots: GroupSnapshots::new(context.db.clone()),
                    overview: Overview::new(context.db.clone(), context.clock.clone()),
                    artifacts,
                    actions,
                },
            ),
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

/// The queue and its actors: those of this process, or what calls whichever process runs it.
#[derive(Clone)]
struct Started {
    actors: Vec<Child>,
    handle: Handle,
}

fn started(context: &Context) -> Started {
    context.shared(|context| {
        let notifications = Notifications {
            relay: relay::notify(context),
            scheduler: scheduler::notify(context),
            claims: provisioner::with_pools_here(context, publisher::remote(context).claims),
            hooks: Notifier::none(),
            pools: provisioner::notify_all(context),
        };
        let Context { db, bus, clock, rng, .. } = context;
        let (db, clock, settings) = (db.clone(), clock.clone(), context.settings::<QueueSettings>());
        let (actors, handle) = if context.runs(roles::QUEUE) {
            queue::start(db, clock, &rng.branch("queue"), settings.clone(), notifications)
        } else {
            queue::connect(db, bus, clock, &rng.branch("calls"), settings, notifications)
        };
        Started { actors, handle }
    })
}

fn local(context: &Context) -> Children {
    let Started { actors, handle } = started(context);
    let rpc = if context.has_broker() {
        handle.rpc_servers(&context.bus, &context.rng.branch("service"))
    } else {
        Vec::new()
    };
    Children::none().actors(actors).rpc_servers(rpc)
}

/// A process without the queue records itself what it has sent to workers.
fn remote(context: &Context) -> Children {
    let children = Children::none();
    if context.runs(roles::QUEUE) { children } else { children.actors(started(context).actors) }
}

pub(super) fn handle(context: &Context) -> Handle {
    started(context).handle
}

/// What to notify after commits that change tasks.
pub(super) fn notifiers(context: &Context) -> Notifications {
    handle(context).notifications()
}

/// Wakes those who wait for a claim in this process, if any do.
pub(super) fn notify_claimers_here(context: &Context) -> PendingNotifier {
    handle(context).pending_notifier()
}
