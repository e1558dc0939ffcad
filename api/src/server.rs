use std::{io, sync::Arc, time::Instant};

use actors::{auth::Clients, sessions::Sessions};
use base::{Clock, Rng, Shutdown};
use protocol::exchanges::ExchangeNames;
use tokio::net::TcpListener;

use crate::{
    ApiSettings, Build,
    auth::PageSessions,
    health::{Ready, cached},
    http::{HttpContext, Probes, RequestDurations, RouteTable, Routes, WebFiles, service},
    net::{ConnectionLimits, TrustedProxies, serve_requests},
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
    /// Whose cookies sign requests of the page.
    pub sessions: Option<Sessions>,
    /// The page.
    pub web_files: Option<WebFiles>,
}

impl HttpServer {
    /// Answers requests until the context's `shutdown` is triggered, then lets open ones finish within the drain timeout.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let drain_timeout = self.settings.drain_timeout.duration();
        let (ready, shutdown) = (cached(Arc::clone(&self.ready)), self.context.shutdown.clone());
        let proxies = TrustedProxies::parse(&self.settings.trusted_proxies).map_err(|wrong| {
            let message = format!("`api.trusted_proxies`: `{wrong}` is no address and no network like 10.0.0.0/8");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        })?;
        let proxies = Arc::new(proxies);
        let unsigned = self.settings.limits.connection_limiter();
        let limits = ConnectionLimits { unsigned, proxies: Arc::clone(&proxies) };
        let http = Arc::new(self.into_context(proxies));
        serve_requests(listener, limits, service(http, ready), shutdown, drain_timeout).await;
        Ok(())
    }

    fn into_context(self, proxies: Arc<TrustedProxies>) -> HttpContext {
        let Self { settings, build, exchange_names, context, routes, sessions, web_files, .. } = self;
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
            request_timeout: settings.request_timeout.duration(),
            upload_timeout: settings.upload_timeout.duration(),
            durations: RequestDurations::new(),
            table,
            clients,
            clock,
            rng: rng.branch("http"),
            probes,
            page_sessions: sessions.map(|sessions| PageSessions::new(sessions, &root_url)),
            web_files,
            root_url,
        }
    }
}
