use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Method, Request, Response, header::EXPECT, request::Parts},
};
use base::{
    Clock, Entropy,
    telemetry::{self, Histogram, Label},
};
use protocol::error::ErrorCode;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::{
    Answer, Fault, Limits, Read, Reply, Table, admit, body,
    call::Asked,
    checked, headers, percent,
    query::invalid,
    root::{self, Probes},
    table::{RawParams, Route},
    unread::Unread,
};
use crate::auth::Clients;

/// Everything that stands between a connection and the handlers.
pub(crate) struct Door {
    pub table: Table,
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub entropy: Entropy,
    pub probes: Probes,
    pub root_url: String,
    pub requests: Limits,
    pub waiting_workers: Limits,
    pub body_limit: usize,
    pub graph_limit: usize,
    pub deadline: Duration,
    pub upload_deadline: Duration,
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

/// Workers wait here for a task to come, so they are counted apart.
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
    headers::put(response.headers_mut(), trace, &door.entropy);
    response
}

async fn route(door: &Door, head: Parts, body: Body) -> Reply {
    let uri = head.uri.clone();
    if head.method == Method::OPTIONS {
        return options(door, &head.method, uri.path());
    }
    match door.table.find(uri.path(), &head.method) {
        Some((route, params)) => serve(door, route, &params, head, body).await,
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

async fn serve(door: &Door, route: &Route, params: &RawParams<'_>, head: Parts, body: Body) -> Reply {
    let span = tracing::info_span!("request", api.method = route.endpoint.name);
    let span = telemetry::follow(span, head.headers.get("traceparent").and_then(|value| value.to_str().ok()));
    let limits = if route.endpoint.name == LONG_POLL { &door.waiting_workers } else { &door.requests };
    let place = limits.enter();
    let deadline = match route.handler.read {
        Read::Json => door.deadline,
        Read::Whole => door.deadline * GRAPH_DEADLINES,
        Read::Stream => door.upload_deadline,
    };
    let begun = Instant::now();
    let until = begun + deadline;
    let mut asked = Asked::new(route.endpoint, head);
    let received = match place {
        Some(_) => within(until, receive(door, route, params, &mut asked, body)).await,
        None => Err(root::busy()),
    };
    let asked = Arc::new(asked);
    let answer = match received {
        Ok(stream) => run(door, route, &asked, stream, until).instrument(span).await,
        Err(fault) => Err(fault),
    };
    let reply = answer.unwrap_or_else(|fault| fault.into_reply(&asked, door.clock.now(), &door.entropy));
    door.durations.record(route, &reply, begun);
    reply
}

/// Takes path and body in. What stays to be read is left to the handler.
async fn receive(
    door: &Door,
    route: &Route,
    params: &RawParams<'_>,
    asked: &mut Asked,
    body: Body,
) -> Result<Body, Fault> {
    for (name, raw) in params {
        let value = percent::decode_path(raw);
        let value = value.ok_or_else(|| invalid(&format!("`{raw}` for {name} is not percent-encoded UTF-8")))?;
        asked.params.push((name, value));
    }
    let limit = match route.handler.read {
        Read::Stream => return Ok(body),
        Read::Whole => door.graph_limit,
        Read::Json => door.body_limit,
    };
    if !matches!(asked.method, Method::GET | Method::HEAD) {
        asked.raw = body::read(body, limit).await?;
    }
    Ok(Body::empty())
}

async fn run(door: &Door, route: &Route, asked: &Arc<Asked>, stream: Body, until: Instant) -> Answer {
    let call = admit::admit(door, route, asked, stream)?;
    let reply = within(until, (route.handler.run)(call)).await?;
    checked::checked(route, reply).await
}

/// Ends what takes too long. It may be done all the same: a command that was sent is not taken back.
async fn within<T>(until: Instant, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout_at(until, work).await.unwrap_or_else(|_| {
        let message = "The request took too long. It may be done all the same; it is safe to send it again";
        Err(Fault::new(ErrorCode::ServiceUnavailable, message))
    })
}
