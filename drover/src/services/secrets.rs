//! Secrets, sealed in the database.

use ::api::Routes;
use actors::secrets::Secrets as Handle;

use super::roles;
use crate::service::{Actors, Children, Context, Service, StartError};

pub(super) struct Secrets;

impl Service for Secrets {
    fn name(&self) -> &'static str {
        "secrets"
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::secrets::routes(handle(context))])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[roles::API], |context| Ok(Children::none().actor(handle(context).resealer())))];
        ACTORS
    }
}

fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let (clock, rng) = (context.clock.clone(), context.rng.branch("secrets"));
        Handle::new(context.db.clone(), clock, rng, context.key_ring.clone())
    })
}
