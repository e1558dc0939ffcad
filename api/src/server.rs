#[cfg(test)]
use std::time::Duration;
use std::{convert::Infallible, io, sync::Arc, time::Instant};

use actors::auth::Clients;
use axum::{
    body::{Body, HttpBody},
    http::{
        Extensions, HeaderMap, HeaderValue, Request, Response, StatusCode, Version,
        header::{ACCEPT_ENCODING, CONTENT_TYPE},
    },
};
use base::{Clock, Rng, Shutdown};
use hyper::body::Incoming;
use protocol::exchanges::ExchangeNames;
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};
use tower_http::{CompressionLevel, compression::CompressionLayer};

use crate::{
    ApiSettings, Build,
    health::{READY_PATH, Ready, asked_together, readiness},
    http::{HttpContext, Probes, RequestDurations, RouteTable, Routes, answer},
    net::{Connections, TrustedProxies, serve_requests},
};

/// What endpoints of several services need. Cheap to clone.
#[derive(Clone)]
pub struct ServerContext {
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// Where clients reach the server, without a slash at the end.
    pub root_url: String,
    /// Triggered when the server stops, for requests that wait for long.
    pub shutdown: Shutdown,
}

/// The HTTP server, with the endpoints of all services.
pub struct HttpServer {
    pub settings: ApiSettings,
    pub build: Build,
    /// Of the external exchanges, for the references.
    pub exchange_names: ExchangeNames,
    pub context: ServerContext,
    /// For probes.
    pub ready: Ready,
    pub routes: Vec<Routes>,
}

/// Smaller answers are cheaper to send than to compress.
const WORTH_COMPRESSING: u64 = 16 * 1024;

impl HttpServer {
    /// Answers requests until the context's `shutdown` is triggered, then lets open ones finish within the drain deadline.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let drain = self.settings.drain_deadline.duration();
        let (ready, shutdown) = (asked_together(Arc::clone(&self.ready)), self.context.shutdown.clone());
        let proxies = TrustedProxies::parse(&self.settings.trusted_proxies).map_err(|wrong| {
            let message = format!("`api.trusted_proxies`: `{wrong}` is no address and no network like 10.0.0.0/8");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        let proxies = Arc::new(proxies);
        let connections =
            Connections { limits: self.settings.limits.connection_limiter(), proxies: Arc::clone(&proxies) };
        let http = Arc::new(self.into_context(proxies));
        let respond = move |request: Request<Incoming>| {
            let (http, ready) = (Arc::clone(&http), Arc::clone(&ready));
            async move {
                if request.uri().path() == READY_PATH { readiness(&ready).await } else { respond(http, request).await }
            }
        };
        serve_requests(listener, connections, respond, shutdown, drain).await;
        Ok(())
    }

    fn into_context(self, proxies: Arc<TrustedProxies>) -> HttpContext {
        let Self { settings, build, exchange_names, context, routes, .. } = self;
        let ServerContext { clients, clock, rng, root_url, .. } = context;
        let probes = Probes::new(build, exchange_names, Instant::now());
        let mut table = RouteTable::default();
        for routes in routes {
            routes.into_table(&mut table, &probes);
        }
        HttpContext {
            limiters: settings.limiters(),
            bodies: settings.bodies(),
            proxies,
            deadline: settings.deadline.duration(),
            upload_deadline: settings.upload_deadline.duration(),
            durations: RequestDurations::new(),
            table,
            clients,
            clock,
            rng: rng.branch("http"),
            probes,
            root_url,
        }
    }
}

#[cfg(test)]
pub(crate) async fn serve_door(
    listener: TcpListener,
    connections: Connections,
    http: Arc<HttpContext>,
    shutdown: Shutdown,
    drain: Duration,
) {
    serve_requests(listener, connections, move |request| respond(Arc::clone(&http), request), shutdown, drain).await;
}

async fn respond(http: Arc<HttpContext>, request: Request<Incoming>) -> Response<Body> {
    let accepts = request.headers().get(ACCEPT_ENCODING).cloned();
    let response = answer(http, request.map(Body::new)).await;
    match accepts {
        Some(accepts) if is_worth_compressing(&response) => compress(response, accepts).await,
        _ => response,
    }
}

/// JSON of some length. Files are sent as they are stored.
fn is_worth_compressing(response: &Response<Body>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    let json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    json && response.body().size_hint().lower() > WORTH_COMPRESSING
}

async fn compress(response: Response<Body>, accepts: HeaderValue) -> Response<Body> {
    let mut ready = Some(response);
    let given = tower::service_fn(move |_: Request<Body>| {
        std::future::ready(Ok::<_, Infallible>(ready.take().unwrap_or_default()))
    });
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(ACCEPT_ENCODING, accepts);
    let compression = CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest);
    let compressed = compression.compress_when(|_: StatusCode, _: Version, _: &HeaderMap, _: &Extensions| true);
    let compressed: Result<_, Infallible> = compressed.layer(given).oneshot(request).await;
    let Ok(response) = compressed;
    response.map(Body::new)
}
