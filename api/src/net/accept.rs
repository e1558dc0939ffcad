use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use base::Shutdown;
use hyper::{
    Request, Response,
    body::{Body as HttpBody, Incoming},
    server::conn::http1,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulConnection, GracefulShutdown},
    service::TowerToHyperService,
};
use protocol::limits::MAX_REQUEST_HEAD;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tower::{BoxError, Layer, Service};
use tower_http::add_extension::AddExtensionLayer;

use super::{AddressKey, Peer, TrustedProxies, write_timeout::WriteTimeout};
use crate::http::{CallerClass, LimitKey, Limiter, Requester};

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// After a failed accept, usually for want of file handles, other connections need time to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Which connections are accepted.
#[derive(Clone)]
pub(crate) struct ConnectionLimits {
    /// Of connections in which nobody has signed a request.
    pub unsigned: Limiter,
    /// Their connections are not counted.
    pub proxies: Arc<TrustedProxies>,
}

impl ConnectionLimits {
    /// `None`: the address has too many connections already.
    fn admit(&self, address: SocketAddr) -> Option<Peer> {
        let address = address.ip();
        if self.proxies.contains(address) {
            return Some(Peer::new(address, None));
        }
        let key = LimitKey::Address(AddressKey::of(address));
        let permit = self.unsigned.try_acquire(&Requester { class: CallerClass::Unsigned, key });
        permit.map(|permit| Peer::new(address, Some(permit)))
    }
}

/// Accepts connections until `shutdown`, then lets their open requests finish within the drain timeout. It owns every
/// connection, and leaves none behind.
pub(crate) async fn serve_requests<S, B>(
    listener: TcpListener,
    limits: ConnectionLimits,
    service: S,
    shutdown: Shutdown,
    drain_timeout: Duration,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (mut connections, graceful) = (JoinSet::new(), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => break,
        };
        match accepted {
            Ok((stream, address)) => match limits.admit(address) {
                Some(peer) => _ = connections.spawn(graceful.watch(connection(stream, peer, service.clone()))),
                // A client that cannot be sent this sees the connection end.
                None => _ = stream.try_write(TOO_MANY),
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    if timeout(drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("drain timeout reached, open requests are aborted");
    }
    connections.shutdown().await;
}

/// One connection. Its result says no more than how its client ended it.
fn connection<S, B>(stream: TcpStream, peer: Peer, service: S) -> impl GracefulConnection<Error: Send> + Send + 'static
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    // Without it small responses may wait 40 ms for a packet to fill. It is not needed for correctness.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(AddExtensionLayer::new(peer).layer(service));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_header_size(MAX_REQUEST_HEAD)
        .serve_connection(TokioIo::new(WriteTimeout::new(stream)), service)
}
