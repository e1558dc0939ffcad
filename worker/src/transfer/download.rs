//! Downloads with retries: each attempt resumes where the one before was interrupted.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, Response, StatusCode, header};
use tokio::{fs::File, io::AsyncWriteExt};

use super::{Origin, Progress, TransferError, origin::Source, part::Part};
use crate::client::{Client, ClientError, RequestName, accepted, delays, follow_url, unreachable};

/// Consecutive attempts without progress, or with wrong content, before the download fails.
const MAX_ATTEMPTS: usize = 8;
/// Between two chunks of a response.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// One thing to download.
pub struct Download {
    pub client: Client,
    /// Connects to the server itself, where `client` is a signing proxy.
    pub direct: Client,
    pub origin: Origin,
    pub progress: Progress,
    /// The maximum size, compressed and uncompressed. `None`: unlimited.
    pub max_bytes: Option<u64>,
}

/// A completed download.
#[derive(Debug)]
pub struct Received {
    pub path: PathBuf,
    pub size: u64,
    pub sha256: String,
    /// The hash was known and compared.
    pub verified: bool,
    /// The number of attempts.
    pub tries: u32,
}

/// What responses have said about the content so far.
#[derive(Default)]
struct Known {
    /// The `ETag`: makes sure that the rest belongs to the beginning.
    tag: Option<String>,
    hashes: BTreeMap<String, String>,
    encoding: String,
}

impl Download {
    /// Stores the content under this name. After an error, a later call may resume from the file `.part` beside it.
    pub async fn to_file(&self, target: &Path) -> Result<Received, TransferError> {
        let part = Part::open(target).await?;
        let (mut tries, mut known) = (0, Known::default());
        let mut backoff = delays(MAX_ATTEMPTS - 1, &self.client.rng);
        loop {
            tries += 1;
            let had = part.length().await?;
            let error = match self.attempt(&part, &mut known).await {
                Ok(()) => match self.settle(&part, &known).await {
                    Ok(mut received) => {
                        target.clone_into(&mut received.path);
                        return Ok(Received { tries, ..received });
                    }
                    Err(error) => {
                        part.cut(0).await?;
                        known = Known::default();
                        error
                    }
                },
                Err(error) => error,
            };
            if part.length().await? > had {
                backoff = delays(MAX_ATTEMPTS, &self.client.rng);
            }
            let Some(delay) = backoff.next().filter(|_| error.is_transient()) else {
                part.drop_if_empty().await?;
                return Err(error);
            };
            tracing::debug!(error = error.in_full(), "download interrupted; resuming");
            tokio::time::sleep(delay).await;
        }
    }

    /// Downloads the missing rest.
    async fn attempt(&self, part: &Part, known: &mut Known) -> Result<(), TransferError> {
        let source = self.origin.locate(&self.client, &self.direct).await?;
        let mut from = part.length().await?;
        if known.tag.is_none() && source.hashes.is_empty() && from > 0 {
            // Of an earlier download, and without hash or ETag it is unknown whether the rest belongs to it.
            part.cut(0).await?;
            from = 0;
        }
        known.hashes.extend(source.hashes.clone());
        let (mut response, name) = self.open(&source, from, known).await?;
        let total = match begins_at(&response) {
            Some((first, total)) if first == from => total,
            Some(_) => {
                part.cut(0).await?;
                return Err(broken(&name, "the response has another range than requested"));
            }
            None => {
                part.cut(0).await?;
                from = 0;
                response.content_length()
            }
        };
        known.learn(&response);
        self.copy(&mut response, &name, part, (from, total)).await
    }

    async fn open(&self, source: &Source, from: u64, known: &Known) -> Result<(Response, RequestName), TransferError> {
        let mut headers = header::HeaderMap::new();
        if from > 0 {
            headers.extend([(header::RANGE, value(&format!("bytes={from}-"))?)]);
            headers.extend(known.tag.iter().filter_map(|tag| Some((header::IF_RANGE, value(tag).ok()?))));
        }
        let name = RequestName::new(&Method::GET, &source.target.url);
        let response = follow_url(&self.client, &source.target, &headers).await?;
        match response.status() {
            // The signature has expired, or the URL was altered; the next attempt requests a new one.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if matches!(self.origin, Origin::Artifact { .. }) => {
                Err(broken(&name, "the URL has expired"))
            }
            // There is nothing after our bytes, so the file is complete or wrong: the hash will tell.
            StatusCode::RANGE_NOT_SATISFIABLE => Ok((response, name)),
            _ => Ok((accepted(response, &name).await?, name)),
        }
    }

    async fn copy(
        &self,
        response: &mut Response,
        name: &RequestName,
        part: &Part,
        (from, total): (u64, Option<u64>),
    ) -> Result<(), TransferError> {
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(());
        }
        let (mut file, mut done) = (part.writer(from).await?, from);
        let come = self.receive(response, name, part, (&mut file, &mut done), total).await;
        // Also after an error: the next attempt resumes after what was received.
        file.flush().await.map_err(|error| part.failed(error))?;
        come?;
        match total {
            Some(total) if total != done => Err(broken(name, &format!("{done} of {total} bytes were received"))),
            _ => Ok(()),
        }
    }

    async fn receive(
        &self,
        response: &mut Response,
        name: &RequestName,
        part: &Part,
        (file, done): (&mut File, &mut u64),
        total: Option<u64>,
    ) -> Result<(), TransferError> {
        loop {
            (self.progress)(*done, total);
            let piece = tokio::time::timeout(READ_TIMEOUT, response.chunk()).await;
            let piece = piece.map_err(|_| broken(name, "nothing was received for 30 s"))?;
            let Some(piece) = piece.map_err(|source| unreachable(name, source))? else { return Ok(()) };
            if let Some(limit) = self.max_bytes.filter(|limit| *done + piece.len() as u64 > *limit) {
                return Err(TransferError::TooLarge(limit));
            }
            file.write_all(&piece).await.map_err(|error| part.failed(error))?;
            *done += piece.len() as u64;
        }
    }

    async fn settle(&self, part: &Part, known: &Known) -> Result<Received, TransferError> {
        let hashed = part.check(&known.hashes).await?;
        part.finish(&known.encoding, self.max_bytes).await?;
        let verified = known.hashes.keys().any(|algorithm| matches!(algorithm.as_str(), "sha256" | "sha512"));
        Ok(Received { path: PathBuf::new(), size: hashed.size, sha256: hashed.sha256, verified, tries: 0 })
    }
}

impl Known {
    fn learn(&mut self, response: &Response) {
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        self.tag = header("etag").filter(|tag| !tag.starts_with("W/")).map(str::to_owned);
        header("content-encoding").unwrap_or_default().clone_into(&mut self.encoding);
        for entry in header("repr-digest").unwrap_or_default().split(',') {
            let Some((algorithm, hash)) = entry.trim().split_once("=:") else { continue };
            let hash = STANDARD.decode(hash.trim_end_matches(':')).unwrap_or_default();
            self.hashes.entry(algorithm.replace('-', "")).or_insert_with(|| hex::encode(&hash));
        }
    }
}

/// The first byte of a partial response, and the total length.
fn begins_at(response: &Response) -> Option<(u64, Option<u64>)> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (part, total) = range.split_once('/')?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Some((total.parse().ok()?, total.parse().ok()));
    }
    (response.status() == StatusCode::PARTIAL_CONTENT).then_some(())?;
    Some((part.split_once('-')?.0.parse().ok()?, total.parse().ok()))
}

fn value(text: &str) -> Result<header::HeaderValue, TransferError> {
    let value = header::HeaderValue::from_str(text);
    value.map_err(|_| TransferError::Client(ClientError::BadUrl(text.to_owned())))
}

fn broken(request: &RequestName, message: &str) -> TransferError {
    let (request, message) = (request.clone(), message.to_owned());
    TransferError::Client(ClientError::Interrupted { request, message })
}
