//! The index: completed tasks by the paths that they asked for.

use ::api::Routes;
use actors::index::Index as Handle;

use super::{api, object, roles};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Index;

impl Service for Index {
    fn name(&self) -> &'static str {
        roles::INDEX
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(roles::INDEX, "puts completed tasks into the index")];
        ROLES
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let (server, artifacts) = (api::server_context(context), object::artifacts(context)?);
        Ok(vec![::api::index::routes(&server, handle(context), artifacts)])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[roles::INDEX], |context| {
            let (bus, rng) = (context.bus.clone(), context.rng.branch("index"));
            Ok(Children::none().subscriber(handle(context).consumer(bus, &context.exchange_names, rng)))
        })];
        ACTORS
    }
}

pub(super) fn handle(context: &Context) -> Handle {
    context.shared(|context| Handle::new(context.db.clone(), context.clock.clone()))
}
