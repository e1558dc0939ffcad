//! Where shells are asked for: one server for a worker, with a secret path for each run.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::Rng;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
    upgrade::{self, OnUpgrade},
};
use reqwest::Url;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::http::{Body, Handler, Peer, Server, plain};

/// Of one run, at the same time.
const MAX_SESSIONS: usize = 10;

/// The server of all shells of a worker.
pub(crate) struct Shells {
    server: Server,
    registry: Arc<Registry>,
    rng: Rng,
}

/// The shells of one run, until this is dropped.
pub(crate) struct ShellEndpoint {
    pub(crate) socket_url: String,
    pub(crate) sessions: mpsc::Receiver<NewSession>,
    secret: String,
    registry: Arc<Registry>,
}

/// Somebody who knows the secret wants a shell.
pub(crate) struct NewSession {
    pub(crate) from: SocketAddr,
    pub(crate) upgrade: OnUpgrade,
    /// Held while the session lasts.
    pub(crate) permit: OwnedSemaphorePermit,
}

#[derive(Clone)]
struct Entry {
    sessions: mpsc::Sender<NewSession>,
    permits: Arc<Semaphore>,
}

struct Registry {
    runs: Mutex<HashMap<String, Entry>>,
    /// Pages of other origins get nothing.
    origin: String,
}

impl Shells {
    pub(crate) async fn start(host: &str, root_url: &str, rng: Rng) -> io::Result<Self> {
        let origin = Url::parse(root_url).map_err(io::Error::other)?.origin().ascii_serialization();
        let registry = Arc::new(Registry { runs: Mutex::default(), origin });
        Ok(Self { server: Server::start(host, registry.clone()).await?, registry, rng })
    }

    pub(crate) fn open(&self) -> ShellEndpoint {
        let secret = URL_SAFE_NO_PAD.encode(self.rng.bytes::<24>());
        let (sender, sessions) = mpsc::channel(MAX_SESSIONS);
        let entry = Entry { sessions: sender, permits: Arc::new(Semaphore::new(MAX_SESSIONS)) };
        self.registry.lock().insert(secret.clone(), entry);
        let socket_url = format!("ws://{}/shell/{secret}", self.server.address);
        ShellEndpoint { socket_url, sessions, secret, registry: self.registry.clone() }
    }
}

impl Drop for ShellEndpoint {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.secret);
    }
}

/// What is wrong with a request.
type RequestError = (StatusCode, &'static str);

impl Registry {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The secret comes first: without it nothing is said.
    fn accept(&self, mut request: Request<Incoming>) -> Result<HeaderValue, RequestError> {
        let secret = request.uri().path().strip_prefix("/shell/").unwrap_or_default();
        let entry = self.lock().get(secret).cloned().ok_or((StatusCode::UNAUTHORIZED, "Access denied"))?;
        let given = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        if given(header::ORIGIN).is_some_and(|origin| origin != self.origin) {
            return Err((StatusCode::FORBIDDEN, "only pages of the server itself may open a shell"));
        }
        let is_upgrade = given(header::UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
        let key = given(header::SEC_WEBSOCKET_KEY).filter(|_| is_upgrade);
        let key = key.ok_or((StatusCode::BAD_REQUEST, "this is a WebSocket"))?;
        if given(header::SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err((StatusCode::BAD_REQUEST, "only version 13 of WebSockets is spoken"));
        }
        let accepted = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
        let accepted = accepted.map_err(|_| (StatusCode::BAD_REQUEST, "this is a WebSocket"))?;
        let Some(Peer(from)) = request.extensions().get().copied() else {
            return Err((StatusCode::INTERNAL_SERVER_ERROR, "the address of the client is unknown"));
        };
        let full = (StatusCode::SERVICE_UNAVAILABLE, "as many shells as possible are open in this task");
        let permit = entry.permits.try_acquire_owned().map_err(|_| full)?;
        let session = NewSession { from, upgrade: upgrade::on(&mut request), permit };
        entry.sessions.try_send(session).map_err(|_| full)?;
        Ok(accepted)
    }
}

impl Handler for Registry {
    async fn answer(&self, request: Request<Incoming>, _own: SocketAddr) -> Response<Body> {
        match self.accept(request) {
            Err((status, words)) => plain(status, format!("{words}\n")),
            Ok(accepted) => {
                let mut response = plain(StatusCode::SWITCHING_PROTOCOLS, String::new());
                let headers = response.headers_mut();
                headers.remove(header::CONTENT_TYPE);
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
                response
            }
        }
    }
}
