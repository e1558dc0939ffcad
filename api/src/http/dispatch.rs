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
    Answer, Call, Fault, Limits, Read, Reply, Table, admit,
    call::Asked,
    checked, headers,
    large::{BodyLimits, SMALL_BODY},
    receive::{Received, receive},
    root::{self, Probes},
    table::{RawParams, Route},
    unread::Unread,
};
use crate::{auth::Clients, net::TrustedProxies};

/// Everything that stands between a connection and the handlers.
pub(crate) struct Door {
    pub table: Table,
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub probes: Probes,
    pub root_url: String,
    pub permits: Permits,
    pub bodies: BodyLimits,
    pub deadline: Duration,
    pub upload_deadline: Duration,
    pub proxies: Arc<TrustedProxies>,
    pub durations: Durations,
}

/// How long requests to declared endpoints take, by method and status.
pub(crate) struct Durations(Histogram);

impl Durations {
    pub(crate) fn new() -> Self {
        Self(Histogram::new("api", "http.server.request.duration", "s", "Time from a request's head to its answer."))
    }

    fn record(&self, route: &Route, reply: &Reply, begun: Instant) {
        let status = i64::from(reply.status().as_u16());
        let labels =
            [Label::new("api.method", route.endpoint.name.as_str()), Label::new("http.response.status_code", status)];
        self.0.record(begun.elapsed().as_secs_f64(), &labels);
    }
}

/// What is limited while a request is worked on.
pub(crate) struct Permits {
    pub requests: Limits,
    /// Workers wait for a task to come, so they are counted apart.
    pub waiting_workers: Limits,
    /// Files that arrive, which may take hours.
    pub uploads: Limits,
}

impl Permits {
    fn of(&self, route: &Route) -> &Limits {
        match route.handler.read {
            Read::Stream => &self.uploads,
            _ if route.endpoint.name == LONG_POLL => &self.waiting_workers,
            _ => &self.requests,
        }
    }
}

const LONG_POLL: &str = "claimWork";

/// A graph of thousands of tasks may take as long as several requests.
const GRAPH_DEADLINES: u32 = 4;

/// Answers any request.
pub(crate) async fn answer(door: Arc<Door>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let trace = headers::trace(&head.headers);
    let (unread, waits_to_be_asked) = (Unread::default(), head.headers.contains_key(EXPECT));
    let mut response = route(&door, head, unread.watch(body)).await.into_response();
    unread.settle(waits_to_be_asked, response.headers_mut()).await;
    headers::put(response.headers_mut(), trace, &door.rng);
    response
}

async fn route(door: &Arc<Door>, head: Parts, body: Body) -> Reply {
    let uri = head.uri.clone();
    if head.method == Method::OPTIONS {
        return options(door, &head.method, uri.path());
    }
    match door.table.find(uri.path(), &head.method) {
        Some((route, params)) => serve(door, &route, &params, head, body).await,
        None if matches!(head.method, Method::GET | Method::HEAD) => {
            let outside = door.probes.outside(uri.path(), &door.root_url);
            outside.unwrap_or_else(|| root::not_found(&head.method, uri.path(), door.clock.now()))
        }
        None => root::not_found(&head.method, uri.path(), door.clock.now()),
    }
}

fn options(door: &Door, method: &Method, path: &str) -> Reply {
    let methods = door.table.methods(path);
    if methods.is_empty() {
        return root::not_found(method, path, door.clock.now());
    }
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(",");
    Reply::bytes("text/plain", Body::from(names.clone())).with_header("allow", &names)
}

async fn serve(door: &Arc<Door>, route: &Arc<Route>, params: &RawParams<'_>, head: Parts, body: Body) -> Reply {
    let span = tracing::info_span!("request", api.method = route.endpoint.name);
    let span = telemetry::follow(span, head.headers.get("traceparent").and_then(|value| value.to_str().ok()));
    let deadline = match route.handler.read {
        Read::Json => door.deadline,
        Read::Whole => door.deadline * GRAPH_DEADLINES,
        Read::Stream => door.upload_deadline,
    };
    let begun = Instant::now();
    let until = begun + deadline;
    let mut asked = Asked::new(route.endpoint, head);
    let received = within(until, receive(door, route, params, &mut asked, body)).await;
    let asked = Arc::new(asked);
    let answer = match received {
        // A permit is taken once the body is there: who sends slowly takes nothing from others.
        Ok(received) => match door.permits.of(route).enter(&received.sender) {
            Some(_permit) => run(door, route, &asked, received, until).instrument(span).await,
            None => Err(root::busy()),
        },
        Err(fault) => Err(fault),
    };
    let reply = answer.unwrap_or_else(|fault| fault.into_reply(&asked, door.clock.now(), &door.rng));
    door.durations.record(route, &reply, begun);
    reply
}

async fn run(door: &Arc<Door>, route: &Arc<Route>, asked: &Arc<Asked>, received: Received, until: Instant) -> Answer {
    let sender = received.sender.clone();
    let call = if asked.raw.len() > SMALL_BODY {
        within(until, admit_large(door, route, asked, received)).await?
    } else {
        admit::admit(door, route, asked, received)?
    };
    let reply = within(until, (route.handler.run)(call)).await?;
    let reply = door.bodies.held(reply, &sender)?;
    checked::checked(route, reply).await
}

/// Reading and checking a large body takes long; others must not wait for it, nor may it take every processor.
async fn admit_large(
    door: &Arc<Door>,
    route: &Arc<Route>,
    asked: &Arc<Asked>,
    received: Received,
) -> Result<Call, Fault> {
    let (door, route, asked) = (Arc::clone(door), Arc::clone(route), Arc::clone(asked));
    let checks = door.bodies.checks.clone();
    checks.run(move || admit::admit(&door, &route, &asked, received)).await?
}

/// Ends what takes too long. It may be done all the same: a command that was sent is not taken back.
async fn within<T>(until: Instant, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout_at(until, work).await.unwrap_or_else(|_| {
        let message = "The request took too long. It may be done all the same; it is safe to send it again";
        Err(Fault::new(ErrorCode::ServiceUnavailable, message))
    })
}
