//! The proxy of a task: signs the requests of its processes with the task's own credentials, which they never see.

use std::{io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header,
};
use tokio::sync::watch;

use crate::{
    client::{Client, Credentials, GO_ON},
    http::{Body, Handler, Server, plain},
};

/// The server takes no larger body.
const LARGEST_BODY: usize = 10 * 1024 * 1024;

/// A proxy for one task; it ends when this is dropped.
pub(crate) struct Proxy {
    server: Server,
}

struct Signer {
    client: Client,
    credentials: watch::Receiver<Credentials>,
}

impl Proxy {
    /// Only processes on this machine reach it.
    pub(crate) async fn start(client: Client, credentials: watch::Receiver<Credentials>) -> io::Result<Self> {
        let signer = Arc::new(Signer { client, credentials });
        Ok(Self { server: Server::start("127.0.0.1", signer).await? })
    }

    pub(crate) fn url(&self) -> String {
        let address: SocketAddr = self.server.address;
        format!("http://{address}")
    }
}

impl Handler for Signer {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, format!("the proxy takes at most {LARGEST_BODY} bytes\n"));
        };
        let path = api_path(head.uri.path_and_query().map_or("/", |path| path.as_str()));
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let client = self.client.signing_as(self.credentials.borrow().clone());
        let client = if head.headers.contains_key(GO_ON) { client.going_on() } else { client };
        let sent = client.send_as(&head.method, &path, content_type.unwrap_or_default(), body.to_bytes()).await;
        match sent {
            Ok(response) => hand_back(response),
            Err(error) => plain(StatusCode::BAD_GATEWAY, format!("{}\n", error.in_full())),
        }
    }
}

/// Existing clients ask the proxy both with and without `/api` before the service's name.
fn api_path(path: &str) -> String {
    if path.starts_with("/api/") { path.to_owned() } else { format!("/api{path}") }
}

/// Headers that concern only one of the two connections stay behind.
fn hand_back(response: reqwest::Response) -> Response<Body> {
    let mut answer = Response::builder().status(response.status());
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONNECTION | header::TRANSFER_ENCODING | header::CONTENT_LENGTH) {
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
