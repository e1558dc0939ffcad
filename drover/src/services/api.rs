//! The role of the HTTP server itself, and what its endpoints share.

use ::api::ServerContext;

use super::{auth, roles};
use crate::service::{Context, Role, Service};

pub(super) struct Api;

impl Service for Api {
    fn name(&self) -> &'static str {
        roles::API
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] =
            &[Role::new(roles::API, "answers HTTP").brings(&[roles::OBJECT]).brings_without_broker(&[roles::QUEUE])];
        ROLES
    }
}

/// What the endpoints of several services need.
pub(crate) fn server_context(context: &Context) -> ServerContext {
    ServerContext {
        clients: auth::handle(context).clients().clone(),
        clock: context.clock.clone(),
        rng: context.rng.branch("api"),
        root_url: context.root_url.clone(),
        shutdown: context.http_shutdown.clone(),
    }
}
