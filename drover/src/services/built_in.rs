//! Built-in workers: tasks that need no machine.

use actors::built_in::BuiltIn as Handle;

use super::{queue, roles};
use crate::service::{Actors, Children, Context, Service};

pub(super) struct BuiltIn;

impl Service for BuiltIn {
    fn name(&self) -> &'static str {
        "built-in"
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[roles::HOOKS], |context| Ok(Children::none().actor(handle(context).workers())))];
        ACTORS
    }
}

fn handle(context: &Context) -> Handle {
    Handle { queue: queue::handle(context), clock: context.clock.clone(), rng: context.rng.branch("built-in") }
}
