//! The proxy of a task: signs the requests of its processes with the task's own credentials, which they never see.
//!
//! It answers nobody else: its URL has a secret part, and in a sandbox it listens on the loopback network of the sandbox.

mod guard;

use std::{io, net::SocketAddr, sync::Arc};

use base::Rng;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header,
};
use tokio::sync::watch;

use self::guard::{Guard, Rejection, is_for_browsers};
use crate::{
    client::{Client, Credentials, RESUME_UPLOAD},
    http::{Body, Handler, Server, plain},
    isolation::Sandboxed,
};

/// The server takes no larger body.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// A proxy for one task; it ends when this is dropped.
pub(crate) struct Proxy {
    server: Server,
    secret: String,
}

struct Signer {
    client: Client,
    credentials: watch::Receiver<Credentials>,
    secret: String,
}

impl Proxy {
    /// Only processes of the sandbox reach it; without one, all of this machine.
    pub(crate) async fn start(
        client: Client,
        credentials: watch::Receiver<Credentials>,
        sandbox: Option<&Sandboxed>,
        rng: &Rng,
    ) -> io::Result<Self> {
        let secret = URL_SAFE_NO_PAD.encode(rng.bytes::<24>());
        let signer = Arc::new(Signer { client, credentials, secret: secret.clone() });
        let server = match sandbox {
            Some(sandbox) => Server::on(sandbox.take_listener()?, signer)?,
            None => Server::start("127.0.0.1", signer).await?,
        };
        Ok(Self { server, secret })
    }

    /// Clients put `/api/…` behind it, as behind any root URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/{}", self.server.address, self.secret)
    }
}

impl Handler for Signer {
    async fn answer(&self, request: Request<Incoming>, own: SocketAddr) -> Response<Body> {
        let (head, body) = request.into_parts();
        let guard = Guard { secret: self.secret.clone(), port: own.port() };
        let path = match guard.admit(&head.uri, &head.headers) {
            Ok(behind) => api_path(behind),
            Err(Rejection(status, why)) => return plain(status, format!("{why}\n")),
        };
        let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, format!("the proxy takes at most {MAX_BODY_BYTES} bytes\n"));
        };
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let client = self.client.signing_as(self.credentials.borrow().clone());
        let client = if head.headers.contains_key(RESUME_UPLOAD) { client.resuming_uploads() } else { client };
        let sent = client.send_as(&head.method, &path, content_type.unwrap_or_default(), body.to_bytes()).await;
        match sent {
            Ok(response) => forward_response(response),
            Err(error) => plain(StatusCode::BAD_GATEWAY, format!("{}\n", error.in_full())),
        }
    }
}

/// Existing clients ask the proxy both with and without `/api` before the service's name.
fn api_path(path: &str) -> String {
    if path.starts_with("/api/") { path.to_owned() } else { format!("/api{path}") }
}

/// Headers that concern only one of the two connections, or browsers, stay behind.
fn forward_response(response: reqwest::Response) -> Response<Body> {
    let mut answer = Response::builder().status(response.status());
    for (name, value) in response.headers() {
        let is_of_connection = matches!(*name, header::CONNECTION | header::TRANSFER_ENCODING | header::CONTENT_LENGTH);
        if !is_of_connection && !is_for_browsers(name) {
            answer = answer.header(name, value);
        }
    }
    let pieces = response.bytes_stream().map_ok(Frame::<Bytes>::data).map_err(io::Error::other);
    let body = BodyExt::boxed(StreamBody::new(pieces));
    answer.body(body).unwrap_or_else(|error| plain(StatusCode::BAD_GATEWAY, format!("{error}\n")))
}

#[cfg(test)]
mod tests {
    use super::api_path;

    #[test]
    fn both_spellings_lead_to_the_api() {
        assert_eq!(api_path("/queue/v1/ping?x=1"), "/api/queue/v1/ping?x=1");
        assert_eq!(api_path("/api/queue/v1/ping"), "/api/queue/v1/ping");
    }
}
