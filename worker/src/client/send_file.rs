//! Sends a file to a pre-signed URL.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt;
use reqwest::{Body, Method, header};

use super::{Client, ClientError, RequestName, accepted, unreachable, with_retries};
use crate::{artifact::Hashed, transfer::Progress};

/// The timeout of an attempt is at least this, and longer for large files: enough for a slow network.
const MIN_TIMEOUT: Duration = Duration::from_mins(1);
const MIN_BYTES_PER_SECOND: u64 = 64 * 1024;

impl Client {
    /// Sends the file with these headers, and its hashes. An interrupted upload is restarted.
    pub(super) async fn send_file(
        &self,
        url: &str,
        headers: &[(String, String)],
        file: &Hashed,
        progress: &Progress,
    ) -> Result<(), ClientError> {
        let name = RequestName::new(&Method::PUT, url);
        let attempt = || async {
            let body = body(file, progress);
            let mut request = self.unsigned().put(url).body(body).timeout(timeout(file.size));
            for (header, value) in headers {
                request = request.header(header, value);
            }
            if !headers.iter().any(|(header, _)| header.eq_ignore_ascii_case("content-length")) {
                request = request.header(header::CONTENT_LENGTH, file.size);
            }
            let response = request.header("content-digest", digest(file)).send().await;
            let answer = accepted(response.map_err(|source| unreachable(&name, source))?, &name).await;
            answer.map(drop).map_err(as_interrupted)
        };
        with_retries(&self.rng, attempt).await
    }
}

fn body(file: &Hashed, progress: &Progress) -> Body {
    let (progress, total, mut done) = (progress.clone(), file.size, 0);
    Body::wrap_stream(file.content().inspect_ok(move |piece| {
        done += piece.len() as u64;
        progress(done, Some(total));
    }))
}

/// The request was valid. If the server received other content, or rejects its own URL, it was altered on the network, and a retry may
/// help.
fn as_interrupted(error: ClientError) -> ClientError {
    match error {
        ClientError::Refused { request, status: 400 | 401, message, .. } => {
            ClientError::Interrupted { request, message }
        }
        other => other,
    }
}

fn timeout(size: u64) -> Duration {
    MIN_TIMEOUT + Duration::from_secs(size / MIN_BYTES_PER_SECOND)
}

fn digest(file: &Hashed) -> String {
    format!(
        "sha-256=:{}:, sha-512=:{}:",
        STANDARD.encode(hex::decode(&file.sha256).unwrap_or_default()),
        STANDARD.encode(hex::decode(&file.sha512).unwrap_or_default())
    )
}
