//! What probes ask every process, whatever its roles: whether it lives, and whether it can do its work.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Response, StatusCode},
};
use base::Shutdown;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    Build,
    http::{ApiResponse, Limiter, LimiterSizes},
    net::{Connections, serve_requests},
};

/// Asks whether the process can do its work, and why not.
pub type Ready = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// When the question was asked last, and what came.
type Answered = (Instant, Result<(), String>);

/// A question that takes longer has its answer.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer is good for others who ask.
const ANSWER_HOLDS: Duration = Duration::from_millis(500);
const DRAIN: Duration = Duration::from_secs(1);
/// More probes at once do not come from those who are to ask.
const MAX_CONNECTIONS: usize = 256;

pub(crate) const READY_PATH: &str = "/__heartbeat__";

/// Answers probes of a process without the HTTP API until `shutdown` is triggered: `/__lbheartbeat__` while it lives,
/// `/__heartbeat__` while it is ready, `/__version__`.
pub async fn serve_health(listener: TcpListener, build: Build, ready: Ready, shutdown: Shutdown) -> io::Result<()> {
    let (build, ready) = (Arc::new(build), asked_together(ready));
    let respond = move |request: axum::http::Request<hyper::body::Incoming>| {
        let (build, ready) = (Arc::clone(&build), Arc::clone(&ready));
        async move {
            match request.uri().path() {
                READY_PATH => readiness(&ready).await,
                "/__lbheartbeat__" => ApiResponse::json(&json!({})).into_response(),
                "/__version__" => ApiResponse::json(&*build).into_response(),
                _ => ApiResponse::json(&json!({ "error": "Not found" }))
                    .with_status(StatusCode::NOT_FOUND)
                    .into_response(),
            }
        }
    };
    let connections =
        Connections { limits: Limiter::new(LimiterSizes::shared(MAX_CONNECTIONS)), proxies: Arc::default() };
    serve_requests(listener, connections, respond, shutdown, DRAIN).await;
    Ok(())
}

/// One question for all who ask at about the same time: anybody may ask, and each question is one to the database.
pub(crate) fn asked_together(ready: Ready) -> Ready {
    let last: Arc<Mutex<Option<Answered>>> = Arc::default();
    Arc::new(move || {
        let (ready, last) = (Arc::clone(&ready), Arc::clone(&last));
        Box::pin(async move {
            let mut last = last.lock().await;
            if let Some((at, answer)) = &*last
                && at.elapsed() < ANSWER_HOLDS
            {
                return answer.clone();
            }
            let answer = timeout(READY_WITHIN, ready()).await;
            let answer = answer.unwrap_or_else(|_| Err("the database does not answer".to_owned()));
            *last = Some((Instant::now(), answer.clone()));
            answer
        })
    })
}

pub(crate) async fn readiness(ready: &Ready) -> Response<Body> {
    let answer = timeout(READY_WITHIN, ready()).await;
    let Err(message) = answer.unwrap_or_else(|_| Err("the database does not answer".to_owned())) else {
        return ApiResponse::json(&json!({})).into_response();
    };
    ApiResponse::json(&json!({ "error": message })).with_status(StatusCode::SERVICE_UNAVAILABLE).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_question() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let ready = asked_together(Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Ok(())))
        }));
        let answers = futures_util::future::join_all((0..200).map(|_| ready())).await;
        assert!(answers.iter().all(Result::is_ok));
        assert!(asked.load(Ordering::Relaxed) < 20, "{asked:?}");
    }
}
