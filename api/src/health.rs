//! Probes of a process, whatever its roles: whether it is alive, and whether it can do its work.

use std::{convert::Infallible, io, pin::Pin, sync::Arc, time::Duration};

use base::Shutdown;
use hyper::{Request, Response, StatusCode, body::Incoming};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    Build,
    http::{ApiResponse, Body, Limiter, LimiterSizes},
    net::{ConnectionLimits, serve_requests},
};

/// Checks whether the process can do its work, and why not.
pub type Ready = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// When the last check ended, and its result.
type LastCheck = (Instant, Result<(), String>);

const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the result of a check is used for further probes.
const CACHED_FOR: Duration = Duration::from_millis(500);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// More connections at once do not come from probes.
const MAX_CONNECTIONS: usize = 256;

pub(crate) const READY_PATH: &str = "/__heartbeat__";

/// Answers probes of a process without the HTTP API until `shutdown` is triggered: `/__lbheartbeat__` while it is
/// alive, `/__heartbeat__` while it is ready, `/__version__`.
pub async fn serve_health(listener: TcpListener, build: Build, ready: Ready, shutdown: Shutdown) -> io::Result<()> {
    let (build, ready) = (Arc::new(build), cached(ready));
    let service = tower::service_fn(move |request: Request<Incoming>| {
        let (build, ready) = (Arc::clone(&build), Arc::clone(&ready));
        async move {
            let response = match request.uri().path() {
                READY_PATH => return Ok::<_, Infallible>(readiness(&ready).await),
                "/__lbheartbeat__" => ApiResponse::json(&json!({})),
                "/__version__" => ApiResponse::json(&*build),
                _ => ApiResponse::json(&json!({ "error": "Not found" })).with_status(StatusCode::NOT_FOUND),
            };
            Ok(response.into_response())
        }
    });
    let unsigned = Limiter::new(LimiterSizes::shared(MAX_CONNECTIONS));
    let limits = ConnectionLimits { unsigned, proxies: Arc::default() };
    serve_requests(listener, limits, service, shutdown, DRAIN_TIMEOUT).await;
    Ok(())
}

/// One check for all probes of about the same time: anybody may send them, and each check is a query.
pub(crate) fn cached(ready: Ready) -> Ready {
    let last: Arc<Mutex<Option<LastCheck>>> = Arc::default();
    Arc::new(move || {
        let (ready, last) = (Arc::clone(&ready), Arc::clone(&last));
        Box::pin(async move {
            // Held during the check, so that those who wait find its result.
            let mut last = last.lock().await;
            if let Some((at, result)) = &*last
                && at.elapsed() < CACHED_FOR
            {
                return result.clone();
            }
            let result = timeout(CHECK_TIMEOUT, ready()).await;
            let result = result.unwrap_or_else(|_| Err("the database does not answer".to_owned()));
            *last = Some((Instant::now(), result.clone()));
            result
        })
    })
}

pub(crate) async fn readiness(ready: &Ready) -> Response<Body> {
    let result = timeout(CHECK_TIMEOUT, ready()).await;
    let Err(message) = result.unwrap_or_else(|_| Err("the database does not answer".to_owned())) else {
        return ApiResponse::json(&json!({})).into_response();
    };
    ApiResponse::json(&json!({ "error": message })).with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn concurrent_probes_cause_one_check() {
        let checks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&checks);
        let ready = cached(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Ok(())))
        }));
        let results = futures_util::future::join_all((0..200).map(|_| ready())).await;
        assert!(results.iter().all(Result::is_ok));
        assert!(checks.load(Ordering::Relaxed) < 20, "{checks:?}");
    }
}
