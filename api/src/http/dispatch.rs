use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, Response, header::EXPECT, request::Parts},
};
use base::{
    Clock, Rng,
    telemetry::{self, Histogram, Label},
};
use protocol::error::ErrorCode;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{
    ApiError, ApiResponse, ApiResult, BodyMode, Call, Limiter, RouteTable, admit,
    body_limits::{BodyLimits, SMALL_BODY},
    call::RequestContext,
    headers,
    probes::{self, Probes},
    receive::{Received, receive},
    response_schema,
    route_table::{RawParams, Route},
    unread_body::Unread,
};
use crate::{auth::Clients, net::TrustedProxies};

/// Everything that stands between a connection and the handlers.
pub(crate) struct HttpContext {
    pub table: RouteTable,
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub probes: Probes,
    pub root_url: String,
    pub limiters: Limiters,
    pub bodies: BodyLimits,
    pub deadline: Duration,
    pub upload_deadline: Duration,
    pub proxies: Arc<TrustedProxies>,
    pub durations: RequestDurations,
}

/// How long requests to declared endpoints take, by method and status.
pub(crate) struct RequestDurations(Histogram);

impl RequestDurations {
    pub(crate) fn new() -> Self {
        Self(Histogram::new("api", "http.server.request.duration", "s", "Time from a request's head to its answer."))
    }

    fn record(&self, route: &Route, response: &ApiResponse, begun: Instant) {
        let status = i64::from(response.status().as_u16());
        let labels =
            [Label::new("api.method", route.endpoint.name.as_str()), Label::new("http.response.status_code", status)];
        self.0.record(begun.elapsed().as_secs_f64(), &labels);
    }
}

/// What is limited while a request is worked on.
pub(crate) struct Limiters {
    pub requests: Limiter,
    /// Workers wait for a task to come, so they are counted apart.
    pub waiting_workers: Limiter,
    /// Files that arrive, which may take hours.
    pub uploads: Limiter,
}

impl Limiters {
    fn of(&self, route: &Route) -> &Limiter {
        match route.handler.read {
            BodyMode::Stream => &self.uploads,
            _ if route.endpoint.name == LONG_POLL => &self.waiting_workers,
            _ => &self.requests,
        }
    }
}

const LONG_POLL: &str = "claimWork";

/// A graph of thousands of tasks may take as long as several requests.
const GRAPH_DEADLINES: u32 = 4;

/// Answers any request.
pub(crate) async fn answer(http: Arc<HttpContext>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let trace = headers::trace(&head.headers);
    let (unread, waits_to_be_asked) = (Unread::default(), head.headers.contains_key(EXPECT));
    let mut response = route(&http, head, unread.watch(body)).await.into_response();
    unread.settle(waits_to_be_asked, response.headers_mut()).await;
    headers::put(response.headers_mut(), trace, &http.rng);
    response
}

async fn route(http: &Arc<HttpContext>, head: Parts, body: Body) -> ApiResponse {
    let uri = head.uri.clone();
    if head.method == Method::OPTIONS {
        return options(http, &head.method, uri.path());
    }
    match http.table.find(uri.path(), &head.method) {
        Some((route, params)) => serve(http, &route, &params, head, body).await,
        None if matches!(head.method, Method::GET | Method::HEAD) => {
            let outside = http.probes.outside(uri.path(), &http.root_url);
            outside.unwrap_or_else(|| probes::not_found(&head.method, uri.path(), http.clock.now()))
        }
        None => probes::not_found(&head.method, uri.path(), http.clock.now()),
    }
}

fn options(http: &HttpContext, method: &Method, path: &str) -> ApiResponse {
    let methods = http.table.methods(path);
    if methods.is_empty() {
        return probes::not_found(method, path, http.clock.now());
    }
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(",");
    ApiResponse::bytes("text/plain", Body::from(names.clone())).with_header("allow", &names)
}

async fn serve(
    http: &Arc<HttpContext>,
    route: &Arc<Route>,
    params: &RawParams<'_>,
    head: Parts,
    body: Body,
) -> ApiResponse {
    let span = tracing::info_span!("request", api.method = route.endpoint.name);
    let span = telemetry::follow(span, head.headers.get("traceparent").and_then(|value| value.to_str().ok()));
    let deadline = match route.handler.read {
        BodyMode::Json => http.deadline,
        BodyMode::Buffered => http.deadline * GRAPH_DEADLINES,
        BodyMode::Stream => http.upload_deadline,
    };
    let begun = Instant::now();
    let until = begun + deadline;
    let mut context = RequestContext::new(route.endpoint, head);
    let received = within(until, receive(http, route, params, &mut context, body)).await;
    let context = Arc::new(context);
    let answer = match received {
        // A permit is taken once the body is there: who sends slowly takes nothing from others.
        Ok(received) => match http.limiters.of(route).try_acquire(&received.requester) {
            Some(_permit) => run(http, route, &context, received, until).instrument(span).await,
            None => Err(probes::busy()),
        },
        Err(error) => Err(error),
    };
    let response = answer.unwrap_or_else(|error| error.into_response(&context, http.clock.now(), &http.rng));
    http.durations.record(route, &response, begun);
    response
}

async fn run(
    http: &Arc<HttpContext>,
    route: &Arc<Route>,
    context: &Arc<RequestContext>,
    received: Received,
    until: Instant,
) -> ApiResult {
    let requester = received.requester.clone();
    let call = if context.raw.len() > SMALL_BODY {
        within(until, admit_large(http, route, context, received)).await?
    } else {
        admit::admit(http, route, context, received)?
    };
    let response = within(until, (route.handler.run)(call)).await?;
    let response = http.bodies.held(response, &requester)?;
    response_schema::checked(route, response).await
}

/// Reading and checking a large body takes long; others must not wait for it, nor may it take every processor.
async fn admit_large(
    http: &Arc<HttpContext>,
    route: &Arc<Route>,
    context: &Arc<RequestContext>,
    received: Received,
) -> Result<Call, ApiError> {
    let (http, route, context) = (Arc::clone(http), Arc::clone(route), Arc::clone(context));
    let checks = http.bodies.checks.clone();
    checks.run(move || admit::admit(&http, &route, &context, received)).await?
}

/// Ends what takes too long. It may be done all the same: a command that was sent is not taken back.
async fn within<T>(until: Instant, work: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    timeout_at(until, work).await.unwrap_or_else(|_| {
        let message = "The request took too long. It may be done all the same; it is safe to send it again";
        Err(ApiError::new(ErrorCode::ServiceUnavailable, message))
    })
}
