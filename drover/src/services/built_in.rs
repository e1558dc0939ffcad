//! Built-in workers: tasks that need no machine.

use actors::{
    built_in::{Actions as ActionsHandle, BuiltIn as Handle, LargeFiles},
    queue::QueueSettings,
};

use super::{auth, index, object, queue, roles};
use crate::service::{Actors, Children, Context, Service, StartError};

pub(super) struct BuiltIn;

impl Service for BuiltIn {
    fn name(&self) -> &'static str {
        "built-in"
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[
            Actors::of_roles(&[roles::HOOKS], |context| Ok(Children::none().actor(handle(context).workers()))),
            // Actions leave artifacts: with a volume in place of a bucket, only processes with `api` have the store.
            Actors::of_roles(&[roles::API], |context| Ok(Children::none().actor(actions(context)?.worker()))),
        ];
        ACTORS
    }
}

fn handle(context: &Context) -> Handle {
    Handle { queue: queue::handle(context), clock: context.clock.clone(), rng: context.rng.branch("built-in") }
}

fn actions(context: &Context) -> Result<ActionsHandle, StartError> {
    let (artifacts, auth) = (object::artifacts(context)?, auth::handle(context));
    let clients = auth.clients().clone();
    Ok(ActionsHandle {
        built_in: handle(context),
        artifacts,
        clients,
        auth: Some(auth),
        index: index::handle(context),
        limits: context.settings::<QueueSettings>().task_limits().map_err(StartError::Setting)?,
        root_url: context.root_url.clone(),
        large_files: LargeFiles::default(),
    })
}
