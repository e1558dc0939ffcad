//! A tiny HTTP server, for the live logs and for the proxy of a task.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub(crate) type Body = BoxBody<Bytes, io::Error>;

/// More wait until one ends: a worker needs descriptors for its tasks as well.
const MAX_CONNECTIONS: usize = 512;
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who sent a request; each has it as an extension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Answers one request. An answer is always given; what goes wrong becomes a status.
pub(crate) trait Handler: Send + Sync + 'static {
    fn answer(&self, request: Request<Incoming>, own: SocketAddr) -> impl Future<Output = Response<Body>> + Send;
}

/// A listening server. It and all its connections end when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Owns the one task that accepts.
    _accepting: JoinSet<()>,
}

impl Server {
    /// Listens on a free port of this host.
    pub(crate) async fn start<H: Handler>(host: &str, handler: Arc<H>) -> io::Result<Self> {
        Self::with(TcpListener::bind((host, 0)).await?, handler)
    }

    /// Answers on a socket that listens already.
    pub(crate) fn on<H: Handler>(listener: std::net::TcpListener, handler: Arc<H>) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Self::with(TcpListener::from_std(listener)?, handler)
    }

    fn with<H: Handler>(listener: TcpListener, handler: Arc<H>) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, address, handler));
        Ok(Self { address, _accepting: accepting })
    }
}

/// The set of connections lives in this future: they end with it.
async fn accept<H: Handler>(listener: TcpListener, own: SocketAddr, handler: Arc<H>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, peer)) => drop(connections.spawn(converse(stream, Peer(peer), own, handler.clone()))),
                // Descriptors may be short: the next attempt would fail at once.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse<H: Handler>(stream: TcpStream, peer: Peer, own: SocketAddr, handler: Arc<H>) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let handler = handler.clone();
        async move { Ok::<_, Infallible>(handler.answer(request, own).await) }
    });
    // Whoever sends no request within the library's 30 s is disconnected.
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// An answer of plain text.
pub(crate) fn plain(status: StatusCode, text: String) -> Response<Body> {
    let body = Full::new(Bytes::from(text)).map_err(|never: Infallible| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
