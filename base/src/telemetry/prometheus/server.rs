//! The server behind `/metrics`. It has a thread and a small runtime of its own: a scrape neither waits for the work of the
//! process nor disturbs it, and one is answered while that work is stuck.

use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    thread::{self, JoinHandle},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

use super::ScrapeReader;
use crate::Shutdown;

/// More wait until one ends.
const MAX_CONNECTIONS: usize = 16;
/// For a request and its response. A connection serves one: scrapes are seconds apart.
const DEADLINE: Duration = Duration::from_secs(10);
const MAX_HEAD_BYTES: usize = 16 * 1024;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const TEXT_FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Stops, with all its connections, when it is dropped.
#[derive(Debug)]
pub(in crate::telemetry) struct Server {
    pub(in crate::telemetry) address: SocketAddr,
    stop: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(in crate::telemetry) fn start(listener: TcpListener, reader: ScrapeReader) -> io::Result<Self> {
        let (address, stop) = (listener.local_addr()?, Shutdown::new());
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stopped = stop.clone();
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = stopped.wait() => {}
                    error = accept(listener, &reader) => tracing::error!(%error, "metrics are not served"),
                }
            });
        };
        let thread = thread::Builder::new().name("metrics".to_owned()).spawn(serve)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.trigger();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends only where the listener cannot be used at all.
async fn accept(listener: TcpListener, reader: &ScrapeReader) -> io::Error {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return error,
    };
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => _ = connections.spawn(timeout(DEADLINE, converse(stream, reader.clone()))),
                // Descriptors may be short: the next attempt would fail at once.
                Err(error) => {
                    tracing::warn!(%error, "a connection for metrics was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, reader: ScrapeReader) {
    let service = service_fn(|request| {
        let response = respond(&request, &reader);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).keep_alive(false).max_header_size(MAX_HEAD_BYTES);
    // Its result says no more than how the client ended it.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

/// Without an await in it, so in this runtime of one thread there is one collection at a time.
fn respond(request: &Request<Incoming>, reader: &ScrapeReader) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match reader.scrape() {
        Some(text) => plain(StatusCode::OK, text),
        None => plain(StatusCode::SERVICE_UNAVAILABLE, "the process is ending\n"),
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, TEXT_FORMAT);
    response
}
