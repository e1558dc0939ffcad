//! The metadata server of an EC2 instance, in its version 2: a token first, then pages.

use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode, redirect};
use tokio::sync::Mutex;

use super::MetadataError;

/// The server is on the same machine.
const TIMEOUT: Duration = Duration::from_secs(3);
/// User data has at most 16 KiB, and no other page is longer.
const MAX_BYTES: usize = 64 << 10;
const TOKEN_SECONDS: &str = "21600";

#[derive(Debug)]
pub(super) struct Imds {
    http: Client,
    endpoint: String,
    token: Mutex<Option<String>>,
}

impl Imds {
    pub(super) fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        let builder = Client::builder().timeout(TIMEOUT).no_proxy().redirect(redirect::Policy::none());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { http: builder.build()?, endpoint, token: Mutex::default() })
    }

    /// `None`: there is no such page.
    pub(super) async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        // A token that expired, as after a pause of the machine, is replaced once.
        let first = self.get_with_token(path, false).await;
        match first {
            Err(MetadataError::Status { status: 401, .. }) => self.get_with_token(path, true).await,
            result => result,
        }
    }

    async fn get_with_token(&self, path: &str, fresh: bool) -> Result<Option<String>, MetadataError> {
        let token = self.token(fresh).await?;
        let response = self.send(Method::GET, path, ("x-aws-ec2-metadata-token", &token)).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => self.text(path, response).await.map(Some),
            status => Err(MetadataError::Status { path: path.to_owned(), status: status.as_u16() }),
        }
    }

    async fn token(&self, fresh: bool) -> Result<String, MetadataError> {
        let mut cached = self.token.lock().await;
        if let Some(token) = cached.as_ref().filter(|_| !fresh) {
            return Ok(token.clone());
        }
        let path = "/latest/api/token";
        let response = self.send(Method::PUT, path, ("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS)).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(MetadataError::Status { path: path.to_owned(), status: status.as_u16() });
        }
        let token = self.text(path, response).await?.trim().to_owned();
        *cached = Some(token.clone());
        Ok(token)
    }

    async fn send(&self, method: Method, path: &str, header: (&str, &str)) -> Result<Response, MetadataError> {
        let request = self.http.request(method, format!("{}{path}", self.endpoint)).header(header.0, header.1);
        request.send().await.map_err(|error| MetadataError::Unreachable(self.endpoint.clone(), error))
    }

    async fn text(&self, path: &str, mut response: Response) -> Result<String, MetadataError> {
        let mut bytes = Vec::new();
        let unreachable = |error| MetadataError::Unreachable(self.endpoint.clone(), error);
        while let Some(piece) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + piece.len() > MAX_BYTES {
                return Err(MetadataError::Unreadable { path: path.to_owned(), max_bytes: MAX_BYTES });
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| MetadataError::Unreadable { path: path.to_owned(), max_bytes: MAX_BYTES })
    }
}
