use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Request, Response},
};
use base::Shutdown;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use protocol::limits::MAX_REQUEST_HEAD;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use super::{AddressKey, Peer, TrustedProxies, write_timeout::WriteTimeout};
use crate::http::{CallerClass, LimitKey, Limiter, Requester};

/// A client that sends its headers slower than this is let go.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);

/// After a failed accept, usually for want of file handles, others need time to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Which connections are taken.
#[derive(Clone)]
pub(crate) struct Connections {
    /// In which nobody has signed a request.
    pub limits: Limiter,
    /// Theirs are not counted.
    pub proxies: Arc<TrustedProxies>,
}

impl Connections {
    /// `Err`: too many come from there already.
    fn peer(&self, address: SocketAddr) -> Result<Peer, ()> {
        let address = address.ip();
        if self.proxies.contains(address) {
            return Ok(Peer::new(address, None));
        }
        let requester = Requester { class: CallerClass::Unsigned, holder: LimitKey::Address(AddressKey::of(address)) };
        self.limits.try_acquire(&requester).map(|permit| Peer::new(address, Some(permit))).ok_or(())
    }
}

/// The accept loop: it owns every connection, and leaves none behind.
pub(crate) async fn serve_requests<R, F>(
    listener: TcpListener,
    taken: Connections,
    respond: R,
    shutdown: Shutdown,
    drain: Duration,
) where
    R: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => break,
        };
        match accepted {
            Ok((stream, address)) => match taken.peer(address) {
                Ok(peer) => _ = connections.spawn(connection(stream, peer, respond.clone(), shutdown.clone())),
                // Whoever cannot be told just sees the connection end.
                Err(()) => _ = stream.try_write(TOO_MANY),
            },
            Err(error) => pause(&error).await,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let drained = timeout(drain, async { while connections.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(connections = connections.len(), "requests still open are cut off");
    }
    connections.shutdown().await;
}

async fn pause(error: &io::Error) {
    tracing::warn!(error = %error, "a connection could not be accepted");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Serves one connection; once told to stop, it answers what it is at and closes.
async fn connection<R, F>(stream: TcpStream, peer: Peer, respond: R, shutdown: Shutdown)
where
    R: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Without it small answers may wait 40 ms for a packet to fill. Where it cannot be set, they do.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        let responding = respond(request);
        async move { Ok::<_, Infallible>(responding.await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADER_DEADLINE).max_header_size(MAX_REQUEST_HEAD);
    let stream = TokioIo::new(WriteTimeout::new(stream));
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    // How a connection ends is its client's affair; an error here says no more than that it ended.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
