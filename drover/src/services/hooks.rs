//! Hooks: tasks made from templates, on a schedule, on demand and for messages.

use ::api::Routes;
use actors::{
    hooks::{Hooks as Handle, HooksContext, HooksSettings, ListenContext},
    kit::Notifier,
    queue::QueueSettings,
    relay::{Exchanges, RelaySettings},
};
use base::settings::Section;
use futures_util::future::LocalBoxFuture;

use super::{auth, late_notifier::LateNotifier, notifications::publisher, notify, queue, roles};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Hooks;

impl Service for Hooks {
    fn name(&self) -> &'static str {
        roles::HOOKS
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] =
            &[Role::new(roles::HOOKS, "fires hooks: on their dates, and for messages; carries out built-in tasks")
                .brings_without_broker(&[roles::QUEUE])];
        ROLES
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<HooksSettings>("hooks"))
    }

    fn prepare<'c>(&'c self, context: &'c Context) -> LocalBoxFuture<'c, Result<(), StartError>> {
        Box::pin(async move {
            if context.runs(roles::HOOKS) {
                let ensured = here(context)?.hooks.ensure_built_in(&context.root_url).await;
                ensured
                    .map_err(|error| StartError::failed("the hooks of the group `drover` cannot be written", &error))?;
            }
            if listens_in_memory(context) { listen_at_once(context).await } else { Ok(()) }
        })
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let hooks = here(context)?.hooks;
        Ok(vec![::api::hooks::routes(hooks.clone()), ::api::hooks::own_routes(hooks)])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[roles::HOOKS], |context| {
            let Here { hooks, actors } = here(context)?;
            let (due, notify_due) = hooks.reconciler();
            let children = Children::none().actor(due).actor(hooks.resealer());
            if !context.has_broker() && !context.runs(roles::RELAY) {
                actors.set(notify_due);
                return Ok(children);
            }
            let (listeners, notify_listeners) = hooks.listeners(&listen_context(context));
            actors.set(notify_due.and(&notify_listeners));
            Ok(children.subscriber(listeners))
        })];
        ACTORS
    }
}

/// The service in this process, and how its actors are woken once there are any.
#[derive(Clone)]
struct Here {
    hooks: Handle,
    actors: LateNotifier,
}

pub(super) fn handle(context: &Context) -> Result<Handle, StartError> {
    Ok(here(context)?.hooks)
}

fn here(context: &Context) -> Result<Here, StartError> {
    let limits = context.settings::<QueueSettings>().task_limits().map_err(StartError::Setting)?;
    Ok(context.shared(|context| {
        let actors = LateNotifier::default();
        let hooks = Handle::new(HooksContext {
            db: context.db.clone(),
            clock: context.clock.clone(),
            rng: context.rng.branch("hooks"),
            keys: context.key_ring.clone(),
            clients: auth::handle(context).clients().clone(),
            auth: Some(auth::handle(context)),
            limits,
            notifications: queue::notifiers(context),
            changed: actors.notifier().and(&publisher::remote(context).hooks),
            notify: notify::handle(context),
            settings: context.settings::<HooksSettings>().clone(),
        });
        Here { hooks, actors }
    }))
}

/// Says to the hooks of this process, if it fires any, that some were changed elsewhere.
pub(super) fn notify_here(context: &Context) -> Notifier {
    let runs = context.runs(roles::HOOKS);
    // What is wrong with its settings is reported when its actors are started.
    runs.then(|| here(context).ok()).flatten().map_or_else(Notifier::none, |here| here.actors.notifier())
}

fn listen_context(context: &Context) -> ListenContext {
    ListenContext { bus: context.bus.clone(), namespace: context.exchange_names.queue_namespace("hooks") }
}

/// Whether messages reach hooks by a bus that keeps none for whoever has not subscribed.
fn listens_in_memory(context: &Context) -> bool {
    !context.has_broker() && context.runs(roles::HOOKS) && context.runs(roles::RELAY)
}

/// Binds the queues of hooks before the relay publishes anything.
async fn listen_at_once(context: &Context) -> Result<(), StartError> {
    let failed = |error: &dyn std::error::Error| StartError::failed("hooks cannot listen to messages", error);
    let exchanges = Exchanges::new(&context.exchange_names, context.settings::<RelaySettings>());
    exchanges.declare(&*context.bus).await.map_err(|error| failed(&error))?;
    let listening = here(context)?.hooks.declare_queues(&listen_context(context)).await;
    listening.map_err(|error| failed(&error))
}
