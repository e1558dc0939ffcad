//! The metadata servers of Google Cloud and Azure: pages that are read with a header of their own, which no page of the web can set.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use reqwest::{Client, Response, StatusCode, redirect};

use super::MetadataError;

/// The server is on the same machine.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Google's limit for one value.
const MAX_BYTES: usize = 256 << 10;
/// A machine that is starting may have no network yet.
const START_RETRIES: usize = 30;
const RETRY_DELAY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct MetadataServer {
    http: Client,
    endpoint: String,
    header: (&'static str, &'static str),
}

impl MetadataServer {
    pub(super) fn new(endpoint: &str, header: (&'static str, &'static str)) -> Result<Self, reqwest::Error> {
        let builder = Client::builder().timeout(TIMEOUT).no_proxy().redirect(redirect::Policy::none());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { http: builder.build()?, endpoint, header })
    }

    /// Waits for up to a minute for the network of a machine that is starting. `None`: there is no such page.
    pub(super) async fn get_at_start(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let delays = ConstantBuilder::new().with_delay(RETRY_DELAY).with_max_times(START_RETRIES);
        let is_transient = |error: &MetadataError| {
            matches!(error, MetadataError::Unreachable(..) | MetadataError::Status { status: 429 | 500.., .. })
        };
        (|| self.get(path)).retry(delays).when(is_transient).await
    }

    /// `None`: there is no such page.
    pub(super) async fn get(&self, path: &str) -> Result<Option<String>, MetadataError> {
        let request = self.http.get(format!("{}{path}", self.endpoint)).header(self.header.0, self.header.1);
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => self.text(path, response).await.map(Some),
            status => Err(MetadataError::Status { path: path.to_owned(), status: status.as_u16() }),
        }
    }

    async fn text(&self, path: &str, mut response: Response) -> Result<String, MetadataError> {
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            if bytes.len() + piece.len() > MAX_BYTES {
                return Err(MetadataError::Unreadable { path: path.to_owned(), max_bytes: MAX_BYTES });
            }
            bytes.extend_from_slice(&piece);
        }
        String::from_utf8(bytes).map_err(|_| MetadataError::Unreadable { path: path.to_owned(), max_bytes: MAX_BYTES })
    }

    fn unreachable(&self, error: reqwest::Error) -> MetadataError {
        MetadataError::Unreachable(self.endpoint.clone(), error)
    }
}
