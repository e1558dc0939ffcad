//! Hooks: tasks made from templates, on a schedule and on demand.

use ::api::Routes;
use actors::{
    hooks::{Hooks as Handle, HooksContext, HooksSettings},
    queue::QueueSettings,
};
use base::settings::Section;

use super::{auth, late_notifier::LateNotifier, queue, roles};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Hooks;

impl Service for Hooks {
    fn name(&self) -> &'static str {
        roles::HOOKS
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::HOOKS, "fires hooks whose date has come")];
        ROLES
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<HooksSettings>("hooks"))
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::hooks::routes(here(context)?.hooks)])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[roles::HOOKS], |context| {
            let Here { hooks, reconciler } = here(context)?;
            let (actor, notify) = hooks.reconciler();
            reconciler.set(notify);
            Ok(Children::none().actor(actor))
        })];
        ACTORS
    }
}

/// The service in this process, and how its reconciler is woken once there is one.
#[derive(Clone)]
struct Here {
    hooks: Handle,
    reconciler: LateNotifier,
}

pub(super) fn handle(context: &Context) -> Result<Handle, StartError> {
    Ok(here(context)?.hooks)
}

fn here(context: &Context) -> Result<Here, StartError> {
    let limits = context.settings::<QueueSettings>().task_limits().map_err(StartError::Setting)?;
    Ok(context.shared(|context| {
        let reconciler = LateNotifier::default();
        let hooks = Handle::new(HooksContext {
            db: context.db.clone(),
            clock: context.clock.clone(),
            rng: context.rng.branch("hooks"),
            keys: context.key_ring.clone(),
            clients: auth::handle(context).clients().clone(),
            limits,
            notifications: queue::notifiers(context),
            rescheduled: reconciler.notifier(),
            settings: context.settings::<HooksSettings>().clone(),
        });
        Here { hooks, reconciler }
    }))
}
