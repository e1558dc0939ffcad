//! Sending a file to a URL that carries its own permission.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::TryStreamExt;
use reqwest::{Body, Method, header};

use super::{Client, ClientError, RequestName, accepted, patiently, unreachable};
use crate::{artifact::Hashed, transfer::Progress};

/// A try may take so long, and more for large files: as if the network were slow, but not dead.
const SHORTEST: Duration = Duration::from_mins(1);
const SLOWEST: u64 = 64 * 1024;

impl Client {
    /// Sends the file with these headers, and the hashes that the server may check. Begins anew when it breaks off.
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
            let mut request = self.unsigned().put(url).body(body).timeout(longest(file.size));
            for (header, value) in headers {
                request = request.header(header, value);
            }
            if !headers.iter().any(|(header, _)| header.eq_ignore_ascii_case("content-length")) {
                request = request.header(header::CONTENT_LENGTH, file.size);
            }
            let response = request.header("content-digest", digest(file)).send().await;
            let answer = accepted(response.map_err(|source| unreachable(&name, source))?, &name).await;
            answer.map(drop).map_err(on_its_way)
        };
        patiently(&self.rng, attempt).await
    }
}

fn body(file: &Hashed, progress: &Progress) -> Body {
    let (progress, total, mut done) = (progress.clone(), file.size, 0);
    Body::wrap_stream(file.content().inspect_ok(move |piece| {
        done += piece.len() as u64;
        progress(done, Some(total));
    }))
}

/// We sent what was agreed on. If the server found something else, or does not know its own URL, it was altered on its way.
fn on_its_way(error: ClientError) -> ClientError {
    match error {
        ClientError::Refused { request, status: 400 | 401, message, .. } => {
            ClientError::Interrupted { request, message }
        }
        other => other,
    }
}

fn longest(size: u64) -> Duration {
    SHORTEST + Duration::from_secs(size / SLOWEST)
}

fn digest(file: &Hashed) -> String {
    format!(
        "sha-256=:{}:, sha-512=:{}:",
        STANDARD.encode(from_hex(&file.sha256)),
        STANDARD.encode(from_hex(&file.sha512))
    )
}

/// Of a text that is known to be hex.
fn from_hex(text: &str) -> Vec<u8> {
    let byte = |at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).filter_map(byte).collect()
}
