//! Receiving a request: who sends it, and its body, as far as the sender may send one.

use std::{net::IpAddr, sync::Arc};

use hyper::Method;
use protocol::{error::ErrorCode, scope::ScopeSet};

use super::{
    ApiError, Body, BodyMode, CallerClass, HttpContext, LimitKey, Permit, Requester,
    body_limits::SMALL_BODY,
    read_body::{BodyReader, too_large, with_min_rate},
    received::Received,
    request_context::RequestContext,
    route_table::Route,
};
use crate::{
    auth::{AuthenticationError, Caller},
    net::{AddressKey, Peer},
};

/// Methods that workers call about their runs. They continue when others have to wait.
const WORKER_METHODS: [&str; 8] = [
    "claimWork",
    "claimTask",
    "reclaimTask",
    "reportCompleted",
    "reportFailed",
    "reportException",
    "createArtifact",
    "finishArtifact",
];

/// How many times its limit a refused body is read on, for clients that send all of it before they read the response.
const DISCARDED_LIMITS: usize = 8;

/// Identifies the caller and reads the body. A streamed body is left to the handler.
pub(super) async fn receive(
    http: &HttpContext,
    route: &Route,
    context: &RequestContext,
    body: Body,
) -> Result<Received, ApiError> {
    let caller = identify(http, route, context).await?;
    let requester = requester(http, route, context, &caller);
    let mut received = Received { caller, requester, stream: Body::default(), memory: None };
    if route.handler.body_mode == BodyMode::Stream {
        received.stream = with_min_rate(body, http.bodies.min_upload_rate);
    } else if !matches!(context.method, Method::GET | Method::HEAD) {
        receive_body(http, route, context, &mut received, body).await?;
    }
    Ok(received)
}

/// Endpoints without scopes do not look at signatures. The cookie of a session counts where there is no signature.
async fn identify(
    http: &HttpContext,
    route: &Route,
    context: &RequestContext,
) -> Result<Result<Caller, AuthenticationError>, ApiError> {
    if route.endpoint.scopes.is_none() {
        return Ok(Ok(Caller::anonymous(Arc::default())));
    }
    if let Some(page) = &http.page_sessions
        && let Some(cookie) = page.cookie.of_own_page(&context.method, &context.headers, &context.uri)
    {
        return page.caller(cookie).await;
    }
    Ok(context.identify(&http.clients, http.clock.now()))
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
        return Requester { class: CallerClass::Unsigned, key: LimitKey::Address(AddressKey::of(address)) };
    };
    if let Some(peer) = peer {
        peer.mark_signed();
    }
    let is_worker = WORKER_METHODS.contains(&route.endpoint.name.as_str()) && may_satisfy(route, context, scopes);
    let class = if is_worker { CallerClass::Worker } else { CallerClass::Signed };
    Requester { class, key: LimitKey::Client(client_id.into()) }
}

async fn receive_body(
    http: &HttpContext,
    route: &Route,
    context: &RequestContext,
    received: &mut Received,
    body: Body,
) -> Result<(), ApiError> {
    let limits = &http.bodies;
    let mut reader = BodyReader::new(body, limits.min_rate);
    let limit = limits.max_length(route, &received.requester);
    let small = SMALL_BODY.min(limit);
    // A body that arrived with its head, as small ones do, is not one in transit.
    let _in_transit =
        if reader.is_complete(small).await? { None } else { Some(limits.in_transit(&received.requester)?) };
    if reader.announced_length() > small || !reader.read_up_to(small).await? {
        match reserve(http, route, context, received, reader.announced_length(), limit) {
            Ok(memory) => received.memory = Some(memory),
            Err(error) => {
                reader.discard(limits.max.saturating_mul(DISCARDED_LIMITS)).await;
                return Err(error);
            }
        }
        if !reader.read_up_to(limit).await? {
            reader.discard(limit.saturating_mul(DISCARDED_LIMITS)).await;
            return Err(too_large(limit));
        }
    }
    context.set_raw(reader.finish());
    Ok(())
}

/// Memory for a body that is not small.
fn reserve(
    http: &HttpContext,
    route: &Route,
    context: &RequestContext,
    received: &Received,
    announced: usize,
    limit: usize,
) -> Result<Permit, ApiError> {
    if limit > SMALL_BODY {
        check_large_body(route, context, received)?;
    }
    if announced > limit || limit <= SMALL_BODY {
        return Err(too_large(limit));
    }
    http.bodies.reserve(&received.requester, if announced > SMALL_BODY { announced } else { limit })
}

/// A large body is read only from a caller who may hold the scopes for it. A small one is parsed before its sender is
/// looked at, as in Taskcluster.
fn check_large_body(route: &Route, context: &RequestContext, received: &Received) -> Result<(), ApiError> {
    let caller = received.caller.as_ref();
    let caller = caller.map_err(|error| ApiError::new(ErrorCode::AuthenticationFailed, error.to_string()))?;
    if may_satisfy(route, context, &caller.scopes) {
        return Ok(());
    }
    let who = caller.client_id.as_ref().map_or_else(
        || "The request is not signed, and what everybody may do is not enough for it".to_owned(),
        |client_id| format!("The client `{client_id}` does not hold the scopes for this request"),
    );
    let message = format!("{who}, whatever its body says; a body of more than {SMALL_BODY} bytes is not read then");
    Err(ApiError::new(ErrorCode::InsufficientScopes, message))
}

fn may_satisfy(route: &Route, context: &RequestContext, scopes: &ScopeSet) -> bool {
    let template = route.endpoint.scopes.as_ref();
    template.is_none_or(|template| template.may_be_satisfied(&context.scope_params(), scopes))
}
