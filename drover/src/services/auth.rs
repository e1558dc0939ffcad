//! Clients, roles and their scopes.

use ::api::{Routes, auth_service};
use actors::auth::{Auth as Handle, PUBLIC_READ};
use futures_util::future::LocalBoxFuture;

use super::{relay, roles};
use crate::{
    clients,
    service::{Actors, Children, Context, Service, StartError},
};

pub(super) struct Auth;

impl Service for Auth {
    fn name(&self) -> &'static str {
        "auth"
    }

    /// Requests are answered only once the clients are known.
    fn prepare<'c>(&'c self, context: &'c Context) -> LocalBoxFuture<'c, Result<(), StartError>> {
        Box::pin(async move {
            match () {
                () if context.runs(roles::API) => load(context).await,
                () if context.runs(roles::HOOKS) || context.runs(roles::GITHUB) => follow(context).await,
                () => Ok(()),
            }
        })
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let websocktunnel_secret = context.settings.api.websocktunnel_secret.clone();
        Ok(vec![auth_service::routes(context.clock.clone(), handle(context), websocktunnel_secret)])
    }

    fn actors(&self) -> &'static [Actors] {
        // Those who have to know clients and roles: the HTTP server, the bridge, and hooks and deliveries of GitHub, whose roles
        // decide what their tasks may do.
        const OF: &[&str] = &[roles::API, roles::BRIDGE, roles::HOOKS, roles::GITHUB];
        const ACTORS: &[Actors] =
            &[Actors::of_roles(OF, |context| Ok(Children::none().actor(handle(context).refresher())))];
        ACTORS
    }
}

pub(super) fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let (token, longest_bewit) =
            (context.credentials.queue_access_token.reveal(), context.settings.auth.longest_signed_url.delta());
        let (clock, rng) = (context.clock.clone(), context.rng.branch("auth"));
        let (keys, relay) = (context.key_ring.clone(), relay::notify(context));
        Handle::new(context.db.clone(), clock, rng, keys, relay, token, longest_bewit)
    })
}

/// Where no requests are answered, the stored clients and roles are enough.
async fn follow(context: &Context) -> Result<(), StartError> {
    let auth = handle(context);
    if context.settings.auth.public_read {
        auth.grant_everybody(PUBLIC_READ);
    }
    auth.load().await.map_err(|error| StartError::failed("clients and roles", &error))
}

async fn load(context: &Context) -> Result<(), StartError> {
    let auth = handle(context);
    let clients = clients::all(&context.settings.auth, &context.credentials, context.more_clients.clone())?;
    if context.settings.auth.public_read {
        auth.grant_everybody(PUBLIC_READ);
    }
    auth.start(&clients).await.map_err(|error| StartError::failed("clients and roles", &error))
}
