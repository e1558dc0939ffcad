//! Events as they happen, for clients that keep a connection open.

use ::api::Routes;
use actors::live::Live as Handle;

use super::{api, roles};
use crate::service::{Actors, Children, Context, Service, StartError};

pub(super) struct Live;

impl Service for Live {
    fn name(&self) -> &'static str {
        "live"
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::live::routes(&api::server_context(context), &context.settings.api, handle(context))])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[roles::API], |context| Ok(Children::none().actor(handle(context).child())))];
        ACTORS
    }
}

fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        Handle::new(context.db.clone(), &context.exchange_names, context.settings(), context.rng.branch("live"))
    })
}
