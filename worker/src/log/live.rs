//! Serves logs while they are written.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Rng, Shutdown};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{self, HeaderValue},
};
use tokio::{fs::File, io::AsyncReadExt};

use crate::http::{Body, Handler, Server, plain};

/// How often a reader at the end of a log polls for more.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
const PIECE: usize = 16 * 1024;

/// The server of all live logs of a worker. Each has a secret name in its URL.
pub(crate) struct LiveLogs {
    server: Server,
    registry: Arc<LogRegistry>,
    rng: Rng,
}

/// One served log, until this is dropped; readers then get the rest and the end.
pub(crate) struct LiveLog {
    pub(crate) url: String,
    name: String,
    finished: Shutdown,
    registry: Arc<LogRegistry>,
}

#[derive(Default)]
struct LogRegistry(Mutex<HashMap<String, (PathBuf, Shutdown)>>);

impl LiveLogs {
    pub(crate) async fn start(host: &str, rng: Rng) -> io::Result<Self> {
        let registry = Arc::new(LogRegistry::default());
        Ok(Self { server: Server::start(host, registry.clone()).await?, registry, rng })
    }

    pub(crate) fn serve(&self, path: &Path) -> LiveLog {
        let name = URL_SAFE_NO_PAD.encode(self.rng.bytes::<24>());
        let finished = Shutdown::new();
        self.registry.lock().insert(name.clone(), (path.to_owned(), finished.clone()));
        let url = format!("http://{}/log/{name}", self.server.address);
        LiveLog { url, name, finished, registry: self.registry.clone() }
    }
}

impl Drop for LiveLog {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.name);
        self.finished.trigger();
    }
}

impl LogRegistry {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (PathBuf, Shutdown)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for LogRegistry {
    async fn answer(&self, request: Request<Incoming>, _own: SocketAddr) -> Response<Body> {
        let name = request.uri().path().strip_prefix("/log/").unwrap_or_default();
        let Some((path, finished)) = self.lock().get(name).cloned() else {
            return plain(StatusCode::NOT_FOUND, "there is no such log, or it is finished\n".to_owned());
        };
        match File::open(&path).await {
            Ok(file) => follow(file, finished),
            Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("the log cannot be read: {error}\n")),
        }
    }
}

fn follow(file: File, finished: Shutdown) -> Response<Body> {
    let pieces = stream::unfold((file, finished), |(mut file, finished)| async move {
        let piece = next_piece(&mut file, &finished).await.transpose()?;
        Some((piece.map(Frame::data), (file, finished)))
    });
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// What came since the last look; `None` once the log is finished and read to its end.
async fn next_piece(file: &mut File, finished: &Shutdown) -> io::Result<Option<Bytes>> {
    let mut piece = vec![0; PIECE];
    loop {
        // Asked before reading: what was written before the end is still read after it.
        let was_finished = finished.is_triggered();
        let length = file.read(&mut piece).await?;
        if length > 0 {
            piece.truncate(length);
            return Ok(Some(piece.into()));
        }
        if was_finished {
            return Ok(None);
        }
        let _ = tokio::time::timeout(POLL_INTERVAL, finished.wait()).await;
    }
}
