//! A request comes in: who sends it, and its body, as far as the sender may send one.

use std::{net::IpAddr, sync::Arc};

use axum::{body::Body, http::Method};
use protocol::{error::ErrorCode, scope::ScopeSet};

use super::{
    ApiError, BodyMode, CallerClass, LimitKey, Permit, Requester,
    body::{self, BodyReader},
    body_limits::SMALL_BODY,
    call::RequestContext,
    dispatch::HttpContext,
    percent,
    query::invalid,
    route_table::{RawParams, Route},
};
use crate::{
    auth::{AuthenticationError, Caller},
    net::{AddressKey, Peer},
};

/// What the handlers are told of a request besides its text.
pub(super) struct Received {
    /// Who signed; the hash of the body is not yet compared.
    pub caller: Result<Caller, AuthenticationError>,
    pub requester: Requester,
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
    http: &HttpContext,
    route: &Route,
    params: &RawParams<'_>,
    context: &mut RequestContext,
    body: Body,
) -> Result<Received, ApiError> {
    for (name, raw) in params {
        let value = percent::decode_path(raw);
        let value = value.ok_or_else(|| invalid(&format!("`{raw}` for {name} is not percent-encoded UTF-8")))?;
        context.params.push((name, value));
    }
    let caller = caller(http, route, context);
    let requester = requester(http, route, context, &caller);
    let mut received = Received { caller, requester, stream: Body::empty(), memory: None };
    if route.handler.read == BodyMode::Stream {
        received.stream = body::paced(body, http.bodies.upload_pace);
    } else if !matches!(context.method, Method::GET | Method::HEAD) {
        receive_body(http, route, context, &mut received, body).await?;
    }
    Ok(received)
}

/// Who is calling. Endpoints without scopes do not look at signatures.
fn caller(http: &HttpContext, route: &Route, context: &RequestContext) -> Result<Caller, AuthenticationError> {
    if route.endpoint.scopes.is_none() {
        return Ok(Caller::anonymous(Arc::default()));
    }
    context.identify(&http.clients, http.clock.now())
}

fn requester(
    http: &HttpContext,
    route: &Route,
    context: &RequestContext,
    caller: &Result<Caller, AuthenticationError>,
) -> Requester {
    let peer = context.extensions.get::<Peer>();
    let signed = caller.as_ref().ok().and_then(|caller| Some((caller.client_id.as_deref()?, &caller.scopes)));
    let Some((client_id, scopes)) = signed else {
        let address = peer.map_or(IpAddr::from([0; 4]), |peer| http.proxies.client(peer.address, &context.headers));
        return Requester { class: CallerClass::Unsigned, holder: LimitKey::Address(AddressKey::of(address)) };
    };
    if let Some(peer) = peer {
        peer.is_signed();
    }
    let works = OF_WORKERS.contains(&route.endpoint.name.as_str()) && has_a_chance(route, context, scopes);
    Requester {
        class: if works { CallerClass::Worker } else { CallerClass::Signed },
        holder: LimitKey::Client(client_id.into()),
    }
}

async fn receive_body(
    http: &HttpContext,
    route: &Route,
    context: &mut RequestContext,
    received: &mut Received,
    body: Body,
) -> Result<(), ApiError> {
    let limits = &http.bodies;
    let mut receiving = BodyReader::new(body, limits.pace);
    let limit = limits.largest(route, &received.requester);
    let small = SMALL_BODY.min(limit);
    // What came with its head, as small bodies do, is not on its way.
    let _slow = if receiving.is_here(small).await? { None } else { Some(limits.receiving(&received.requester)?) };
    if receiving.announced() > small || !receiving.fill(small).await? {
        match room(http, route, context, received, receiving.announced(), limit) {
            Ok(memory) => received.memory = Some(memory),
            Err(error) => {
                receiving.discard(limits.max.saturating_mul(DISCARDED)).await;
                return Err(error);
            }
        }
        if !receiving.fill(limit).await? {
            receiving.discard(limit.saturating_mul(DISCARDED)).await;
            return Err(body::too_large(limit));
        }
    }
    context.raw = receiving.finish();
    Ok(())
}

/// Room for a body that is not small.
fn room(
    http: &HttpContext,
    route: &Route,
    context: &RequestContext,
    received: &Received,
    announced: usize,
    limit: usize,
) -> Result<Permit, ApiError> {
    if limit > SMALL_BODY {
        chance(route, context, received)?;
    }
    if announced > limit || limit <= SMALL_BODY {
        return Err(body::too_large(limit));
    }
    http.bodies.room(&received.requester, if announced > SMALL_BODY { announced } else { limit })
}

/// A large body is worth receiving only from somebody who may do with it what it is for. Small ones are looked at
/// first, as clients know it.
fn chance(route: &Route, context: &RequestContext, received: &Received) -> Result<(), ApiError> {
    let caller = received.caller.as_ref();
    let caller = caller.map_err(|error| ApiError::new(ErrorCode::AuthenticationFailed, error.to_string()))?;
    if route.endpoint.scopes.is_none() || has_a_chance(route, context, &caller.scopes) {
        return Ok(());
    }
    let who = caller.client_id.as_ref().map_or_else(
        || "The request is not signed, and what everybody may do is not enough for it".to_owned(),
        |client_id| format!("The client `{client_id}` does not hold the scopes for this request"),
    );
    let message = format!("{who}, whatever its body says; a body of more than {SMALL_BODY} bytes is not read then");
    Err(ApiError::new(ErrorCode::InsufficientScopes, message))
}

fn has_a_chance(route: &Route, context: &RequestContext, scopes: &ScopeSet) -> bool {
    let template = route.endpoint.scopes.as_ref();
    template.is_none_or(|template| template.may_be_satisfied(&context.scope_params(), scopes))
}
