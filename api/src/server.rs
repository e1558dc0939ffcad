#[cfg(test)]
use std::time::Duration;
use std::{convert::Infallible, io, sync::Arc, time::Instant};

use actors::{
    artifacts::Artifacts,
    auth::Auth,
    index::Index,
    live::Live,
    purge_cache::PurgeCache,
    queue::{Queue, TaskLimits},
    secrets::Secrets,
    treeherder::Pushes,
};
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
    ApiSettings, Build, auth_service,
    health::{READY_PATH, Ready, asked_together, readiness},
    http::{HttpContext, Probes, RequestDurations, RouteTable, Routes, answer},
    index, live,
    net::{Connections, TrustedProxies, serve_requests},
    object, own, purge_cache, push, queue, secrets,
};

/// What the server needs of the house.
pub struct Api {
    pub settings: ApiSettings,
    pub build: Build,
    /// Of the exchanges for the world, as the references tell.
    pub exchange_names: ExchangeNames,
    pub queue: Queue,
    pub task_limits: TaskLimits,
    pub artifacts: Artifacts,
    pub auth: Auth,
    pub index: Index,
    pub secrets: Secrets,
    pub purge_cache: PurgeCache,
    pub pushes: Pushes,
    pub live: Live,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// For probes.
    pub ready: Ready,
}

/// Smaller answers are cheaper to send than to compress.
const WORTH_COMPRESSING: u64 = 16 * 1024;

/// Answers requests until `shutdown` is triggered, then lets open ones finish within the drain deadline.
pub async fn serve(listener: TcpListener, api: Api, shutdown: Shutdown) -> io::Result<()> {
    let root_url = match api.settings.root_url.trim_end_matches('/') {
        "" => format!("http://{}", listener.local_addr()?),
        given => given.to_owned(),
    };
    let drain = api.settings.drain_deadline.duration();
    let ready = asked_together(Arc::clone(&api.ready));
    let proxies = TrustedProxies::parse(&api.settings.trusted_proxies).map_err(|wrong| {
        let message = format!("`api.trusted_proxies`: `{wrong}` is no address and no network like 10.0.0.0/8");
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })?;
    let proxies = Arc::new(proxies);
    let connections = Connections { limits: api.settings.limits.connection_limiter(), proxies: Arc::clone(&proxies) };
    let http = Arc::new(http(api, root_url, proxies, &shutdown));
    let respond = move |request: Request<Incoming>| {
        let (http, ready) = (Arc::clone(&http), Arc::clone(&ready));
        async move {
            if request.uri().path() == READY_PATH { readiness(&ready).await } else { respond(http, request).await }
        }
    };
    serve_requests(listener, connections, respond, shutdown, drain).await;
    Ok(())
}

fn http(api: Api, root_url: String, proxies: Arc<TrustedProxies>, shutdown: &Shutdown) -> HttpContext {
    let probes = Probes::new(api.build.clone(), api.exchange_names.clone(), Instant::now());
    let mut table = RouteTable::default();
    auth_service::routes(&api, &probes).into_table(&mut table);
    own::routes(&api, &probes).into_table(&mut table);
    for service in own::PROBES_ONLY {
        Routes::of(service, (), &probes).into_table(&mut table);
    }
    push::routes(&api, &probes).into_table(&mut table);
    live::routes(&api, &probes, shutdown).into_table(&mut table);
    queue::routes(&api, &root_url, &probes, shutdown).into_table(&mut table);
    object::routes(api.artifacts.objects(), &root_url, &probes).into_table(&mut table);
    object::content_routes(api.artifacts.objects(), &probes).into_table(&mut table);
    index::routes(&api, &root_url, &probes).into_table(&mut table);
    secrets::routes(&api.secrets, &probes).into_table(&mut table);
    purge_cache::routes(&api.purge_cache, &probes).into_table(&mut table);
    let settings = &api.settings;
    HttpContext {
        limiters: settings.limiters(),
        bodies: settings.bodies(),
        proxies,
        deadline: settings.deadline.duration(),
        upload_deadline: settings.upload_deadline.duration(),
        durations: RequestDurations::new(),
        table,
        clients: api.auth.clients().clone(),
        clock: api.clock,
        rng: api.rng.branch("http"),
        probes,
        root_url,
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
