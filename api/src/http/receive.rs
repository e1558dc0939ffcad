//! A request comes in: who sends it, and its body, as far as the sender may send one.

use std::{net::IpAddr, sync::Arc};

use axum::{body::Body, http::Method};
use protocol::{error::ErrorCode, scope::ScopeSet};

use super::{
    Class, Fault, Holder, Permit, Read, Sender,
    body::{self, Receiving},
    call::Asked,
    dispatch::Door,
    large::SMALL_BODY,
    percent,
    query::invalid,
    table::{RawParams, Route},
};
use crate::{
    auth::{AuthFault, Caller},
    net::{AddressKey, Peer},
};

/// What the handlers are told of a request besides its text.
pub(super) struct Received {
    /// Who signed; the hash of the body is not yet compared.
    pub caller: Result<Caller, AuthFault>,
    pub sender: Sender,
    /// The body, where the handler reads it as it comes.
    pub stream: Body,
    /// For a large body, held while anything is done with it.
    pub memory: Option<Permit>,
}

/// Requests of workers about runs. They go on when everybody else has to wait.
const OF_WORKERS: [&str; 8] = [
    "claimWork",
    "claimTask",
    "reclaimTask",
    "reportCompleted",
    "reportFailed",
    "reportException",
    "createArtifact",
    "finishArtifact",
];

/// More than a client has ever to send before it hears that its body is refused, in limits.
const DISCARDED: usize = 8;

/// Takes path and body in. What stays to be read is left to the handler.
pub(super) async fn receive(
    door: &Door,
    route: &Route,
    params: &RawParams<'_>,
    asked: &mut Asked,
    body: Body,
) -> Result<Received, Fault> {
    for (name, raw) in params {
        let value = percent::decode_path(raw);
        let value = value.ok_or_else(|| invalid(&format!("`{raw}` for {name} is not percent-encoded UTF-8")))?;
        asked.params.push((name, value));
    }
    let caller = caller(door, route, asked);
    let sender = sender(door, route, asked, &caller);
    let mut received = Received { caller, sender, stream: Body::empty(), memory: None };
    if route.handler.read == Read::Stream {
        received.stream = body::paced(body, door.bodies.upload_pace);
    } else if !matches!(asked.method, Method::GET | Method::HEAD) {
        receive_body(door, route, asked, &mut received, body).await?;
    }
    Ok(received)
}

/// Who is calling. Endpoints without scopes do not look at signatures.
fn caller(door: &Door, route: &Route, asked: &Asked) -> Result<Caller, AuthFault> {
    if route.endpoint.scopes.is_none() {
        return Ok(Caller::anonymous(Arc::default()));
    }
    asked.identify(&door.clients, door.clock.now())
}

fn sender(door: &Door, route: &Route, asked: &Asked, caller: &Result<Caller, AuthFault>) -> Sender {
    let peer = asked.extensions.get::<Peer>();
    let signed = caller.as_ref().ok().and_then(|caller| Some((caller.client_id.as_deref()?, &caller.scopes)));
    let Some((client_id, scopes)) = signed else {
        let address = peer.map_or(IpAddr::from([0; 4]), |peer| door.proxies.client(peer.address, &asked.headers));
        return Sender { class: Class::Unsigned, holder: Holder::Address(AddressKey::of(address)) };
    };
    if let Some(peer) = peer {
        peer.is_signed();
    }
    let works = OF_WORKERS.contains(&route.endpoint.name.as_str()) && has_a_chance(route, asked, scopes);
    Sender { class: if works { Class::Worker } else { Class::Signed }, holder: Holder::Client(client_id.into()) }
}

async fn receive_body(
    door: &Door,
    route: &Route,
    asked: &mut Asked,
    received: &mut Received,
    body: Body,
) -> Result<(), Fault> {
    let limits = &door.bodies;
    let mut receiving = Receiving::new(body, limits.pace);
    let limit = limits.largest(route, &received.sender);
    let small = SMALL_BODY.min(limit);
    // What came with its head, as small bodies do, is not on its way.
    let _slow = if receiving.is_here(small).await? { None } else { Some(limits.receiving(&received.sender)?) };
    if receiving.announced() > small || !receiving.fill(small).await? {
        match room(door, route, asked, received, receiving.announced(), limit) {
            Ok(memory) => received.memory = Some(memory),
            Err(fault) => {
                receiving.discard(limits.max.saturating_mul(DISCARDED)).await;
                return Err(fault);
            }
        }
        if !receiving.fill(limit).await? {
            receiving.discard(limit.saturating_mul(DISCARDED)).await;
            return Err(body::too_large(limit));
        }
    }
    asked.raw = receiving.finish();
    Ok(())
}

/// Room for a body that is not small.
fn room(
    door: &Door,
    route: &Route,
    asked: &Asked,
    received: &Received,
    announced: usize,
    limit: usize,
) -> Result<Permit, Fault> {
    if limit > SMALL_BODY {
        chance(route, asked, received)?;
    }
    if announced > limit || limit <= SMALL_BODY {
        return Err(body::too_large(limit));
    }
    door.bodies.room(&received.sender, if announced > SMALL_BODY { announced } else { limit })
}

/// A large body is worth receiving only from somebody who may do with it what it is for. Small ones are looked at
/// first, as clients know it.
fn chance(route: &Route, asked: &Asked, received: &Received) -> Result<(), Fault> {
    let caller = received.caller.as_ref();
    let caller = caller.map_err(|fault| Fault::new(ErrorCode::AuthenticationFailed, fault.to_string()))?;
    if route.endpoint.scopes.is_none() || has_a_chance(route, asked, &caller.scopes) {
        return Ok(());
    }
    let who = caller.client_id.as_ref().map_or_else(
        || "The request is not signed, and what everybody may do is not enough for it".to_owned(),
        |client_id| format!("The client `{client_id}` does not hold the scopes for this request"),
    );
    let words = format!("{who}, whatever its body says; a body of more than {SMALL_BODY} bytes is not read then");
    Err(Fault::new(ErrorCode::InsufficientScopes, words))
}

fn has_a_chance(route: &Route, asked: &Asked, scopes: &ScopeSet) -> bool {
    let template = route.endpoint.scopes.as_ref();
    template.is_none_or(|template| template.may_be_satisfied(&asked.scope_params(), scopes))
}
