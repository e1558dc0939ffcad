//! What probes ask every process, whatever its roles: whether it lives, and whether it can do its work.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use base::Shutdown;
use serde_json::json;
use tokio::{net::TcpListener, time::timeout};

use crate::{Build, http::Reply, server::serve_requests};

/// Asks whether the process can do its work.
pub type Ready = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// A question that takes longer has its answer.
const READY_WITHIN: Duration = Duration::from_secs(2);
const DRAIN: Duration = Duration::from_secs(1);

pub(crate) const READY_PATH: &str = "/__heartbeat__";

/// Answers probes of a process without the HTTP API until `shutdown` is triggered: `/__lbheartbeat__` while it lives,
/// `/__heartbeat__` while it is ready, `/__version__`.
pub async fn serve_health(listener: TcpListener, build: Build, ready: Ready, shutdown: Shutdown) -> io::Result<()> {
    let build = Arc::new(build);
    let respond = move |request: axum::http::Request<hyper::body::Incoming>| {
        let (build, ready) = (Arc::clone(&build), Arc::clone(&ready));
        async move {
            match request.uri().path() {
                READY_PATH => readiness(&ready).await,
                "/__lbheartbeat__" => Reply::json(&json!({})).into_response(),
                "/__version__" => Reply::json(&*build).into_response(),
                _ => Reply::json(&json!({ "error": "Not found" })).with_status(StatusCode::NOT_FOUND).into_response(),
            }
        }
    };
    serve_requests(listener, respond, shutdown, DRAIN).await;
    Ok(())
}

pub(crate) async fn readiness(ready: &Ready) -> Response<Body> {
    if timeout(READY_WITHIN, ready()).await.unwrap_or(false) {
        return Reply::json(&json!({})).into_response();
    }
    let words = json!({ "error": "the database does not answer" });
    Reply::json(&words).with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}
