//! A client that costs little: the machine that is measured carries it too.
//!
//! One kept-alive connection, no pool, no JSON tree. Requests are signed as any client signs them, without a hash of
//! the body, which is what most clients do.

use std::sync::Arc;

use base::{Clock, Rng, SystemClock};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use protocol::hawk::Signed;
use tokio::{net::TcpStream, task::JoinSet};

use crate::error::{BenchError, During, Result};

/// Who signs.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) client_id: String,
    pub(crate) access_token: String,
    ext: String,
}

impl Credentials {
    pub(crate) fn lasting(client_id: String, access_token: String) -> Self {
        Self { client_id, access_token, ext: String::new() }
    }

    /// Credentials that come with a certificate, which every request then carries.
    pub(crate) fn temporary(client_id: String, access_token: String, certificate: &str) -> Self {
        let ext = STANDARD.encode(format!("{{\"certificate\":{certificate}}}"));
        Self { client_id, access_token, ext }
    }
}

/// Where Drover listens.
#[derive(Debug)]
pub(crate) struct ServerAddress {
    host: String,
    port: u16,
    authority: String,
    nonces: Rng,
}

impl ServerAddress {
    pub(crate) fn of(root_url: &str, rng: &Rng) -> Result<Self> {
        let authority = root_url.strip_prefix("http://").during("the root URL does not begin with http://")?;
        let (host, port) = authority.rsplit_once(':').during("the root URL has no port")?;
        let port = port.parse().during("the port of the root URL")?;
        let nonces = rng.branch("nonces");
        Ok(Self { host: host.to_owned(), port, authority: authority.to_owned(), nonces })
    }

    fn signature(&self, who: &Credentials, method: &Method, resource: &str) -> String {
        let signed = Signed {
            timestamp: &SystemClock.now().timestamp().to_string(),
            nonce: &format!("{:08x}", self.nonces.range(0..1 << 32)),
            method: method.as_str(),
            resource,
            host: &self.host,
            port: self.port,
            hash: "",
            ext: &who.ext,
        };
        signed.header(&who.client_id, &who.access_token)
    }
}

/// One connection; a request at a time.
pub(crate) struct Client {
    server: Arc<ServerAddress>,
    requests: SendRequest<Full<Bytes>>,
    /// What moves the bytes; it ends with the client.
    _driver: JoinSet<()>,
}

impl Client {
    pub(crate) async fn connect(server: &Arc<ServerAddress>) -> Result<Self> {
        let stream = TcpStream::connect(&server.authority).await.during("connecting to Drover")?;
        stream.set_nodelay(true).during("connecting to Drover")?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await.during("connecting to Drover")?;
        let mut driver = JoinSet::new();
        // The next request finds out how the connection ended.
        driver.spawn(async move { _ = connection.await });
        Ok(Self { server: Arc::clone(server), requests, _driver: driver })
    }

    /// Sends a signed request and gives back the body of a good answer. Any other answer is an error: a benchmark
    /// counts no refusals.
    pub(crate) async fn call(&mut self, who: &Credentials, method: Method, path: &str, body: String) -> Result<Bytes> {
        let authorization = self.server.signature(who, &method, path);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.server.authority)
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .during(path)?;
        self.requests.ready().await.during(path)?;
        let response = self.requests.send_request(request).await.during(path)?;
        let status = response.status();
        let body = response.into_body().collect().await.during(path)?.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        let words: String = String::from_utf8_lossy(&body).chars().take(400).collect();
        Err(BenchError::new(format!("{path} was answered with {status}: {words}")))
    }
}
