//! What every request shares.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use base::{
    Clock, Rng,
    telemetry::{Histogram, Label},
};

use super::{
    ApiResponse, BodyMode, Limiter, Probes, RouteTable, WebFiles, body_limits::BodyLimits, route_table::Route,
};
use crate::{
    auth::{Clients, PageSessions},
    net::TrustedProxies,
};

pub(crate) struct HttpContext {
    pub table: RouteTable,
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    pub probes: Probes,
    pub root_url: String,
    pub limiters: RequestLimiters,
    pub bodies: BodyLimits,
    pub request_timeout: Duration,
    pub upload_timeout: Duration,
    pub proxies: Arc<TrustedProxies>,
    pub durations: RequestDurations,
    /// `None`: cookies mean nothing.
    pub page_sessions: Option<PageSessions>,
    pub web_files: Option<WebFiles>,
}

/// How long requests to declared endpoints take, by method and status.
pub(crate) struct RequestDurations(Histogram);

impl RequestDurations {
    pub(crate) fn new() -> Self {
        let about = "Time from a request's head to its response.";
        Self(Histogram::new("api", "http.server.request.duration", "s", about))
    }

    pub(super) fn record(&self, route: &Route, response: &ApiResponse, started: Instant) {
        let status = i64::from(response.status().as_u16());
        let labels =
            [Label::new("api.method", route.endpoint.name.as_str()), Label::new("http.response.status_code", status)];
        self.0.record(started.elapsed().as_secs_f64(), &labels);
    }
}

/// Limits of requests in progress.
pub(crate) struct RequestLimiters {
    pub requests: Limiter,
    /// Workers that wait for a task, which may take as long as the timeout.
    pub waiting_workers: Limiter,
    /// Uploads of files, which may take hours.
    pub uploads: Limiter,
}

impl RequestLimiters {
    pub(super) fn of(&self, route: &Route) -> &Limiter {
        match route.handler.body_mode {
            BodyMode::Stream => &self.uploads,
            _ if route.endpoint.name == LONG_POLL => &self.waiting_workers,
            _ => &self.requests,
        }
    }
}

const LONG_POLL: &str = "claimWork";

/// A graph of thousands of tasks may take as long as several requests.
const GRAPH_TIMEOUTS: u32 = 4;

impl HttpContext {
    pub(super) fn timeout_of(&self, route: &Route) -> Duration {
        match route.handler.body_mode {
            BodyMode::Json | BodyMode::Delivery => self.request_timeout,
            BodyMode::Buffered => self.request_timeout * GRAPH_TIMEOUTS,
            BodyMode::Stream => self.upload_timeout,
        }
    }
}
