//! The auth service's endpoints, as far as they need no stored clients or roles.

mod hawk;
mod test;

use std::sync::Arc;

use base::Clock;

use crate::{
    Api, Clients,
    http::{Answer, Call, Object, Probes, Routes},
};

/// What the handlers share.
pub(crate) struct AuthState {
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
}

pub(crate) fn routes(api: &Api, probes: &Probes) -> Routes<AuthState> {
    let state = AuthState { clients: api.clients.clone(), clock: Arc::clone(&api.clock) };
    Routes::of("auth", state, probes)
        .on("currentScopes", |_, call| std::future::ready(current_scopes(&call)))
        .on("authenticateHawk", hawk::authenticate_hawk)
        .on("testAuthenticate", test::test_authenticate)
        .on("testAuthenticateGet", test::test_authenticate_get)
}

fn current_scopes(call: &Call) -> Answer {
    Ok(Object::new().field("scopes", &call.caller()?.scopes.as_slice()).into())
}
