use std::{io, time::Duration};

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, stream::unfold};
use http_body_util::BodyExt;
use protocol::error::ErrorCode;
use serde_json::Value;
use tokio::{
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::ApiError;

/// How a body comes to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyMode {
    /// Parsed, and checked against the endpoint's schema.
    Json,
    /// Whole, but not parsed, and with the bigger limit that a graph needs: `RequestContext::raw`.
    Buffered,
    /// As it arrives, for files: `Call::stream`. Its hash is not checked against the signature.
    Stream,
}

/// How fast a body must come: after a grace, so many bytes in each second since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MinBodyRate {
    pub grace: Duration,
    pub bytes_per_second: u32,
}

impl MinBodyRate {
    /// When more than these bytes must have come.
    fn deadline(self, begun: Instant, bytes: usize) -> Instant {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        begun + self.grace + Duration::from_secs(1) * bytes / self.bytes_per_second.max(1)
    }
}

/// So often a connection is context for what it has already: once to say that it is wanted, then for each part.
const LOOKS: usize = 4;

/// A body that is being received.
pub(super) struct BodyReader {
    body: Body,
    pace: MinBodyRate,
    begun: Instant,
    length: usize,
    ended: bool,
    whole: Collected,
}

impl BodyReader {
    pub(super) fn new(body: Body, pace: MinBodyRate) -> Self {
        let ended = body.is_end_stream();
        Self { body, pace, begun: Instant::now(), length: 0, ended, whole: Collected::default() }
    }

    /// How long it is at least, by the headers.
    pub(super) fn announced(&self) -> usize {
        usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX)
    }

    /// Keeps what comes until it is all there, or more than `max` bytes are. Whether it is all there.
    pub(super) async fn fill(&mut self, max: usize) -> Result<bool, ApiError> {
        while self.length <= max && !self.ended {
            if let Some(data) = self.frame().await? {
                self.whole.add(data);
            }
        }
        Ok(self.length <= max)
    }

    /// Whether all of a body of at most `max` bytes can be had without waiting for its sender.
    pub(super) async fn is_here(&mut self, max: usize) -> Result<bool, ApiError> {
        for _ in 0..LOOKS {
            if self.ended || self.announced() > max {
                break;
            }
            self.fill(max).now_or_never().transpose()?;
            // The connection, which is of the same task, hands over what it has read.
            yield_now().await;
        }
        Ok(self.ended)
    }

    /// Reads on, and keeps nothing, so that a client that sends first and listens then hears the answer. A client that
    /// sends too much, or too slowly, does not.
    pub(super) async fn discard(&mut self, max: usize) {
        self.whole = Collected::default();
        while self.length <= max && !self.ended && self.frame().await.is_ok() {}
    }

    pub(super) fn finish(self) -> Bytes {
        self.whole.finish()
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, ApiError> {
        let frame = timeout_at(self.pace.deadline(self.begun, self.length), self.body.frame()).await;
        let Some(frame) = frame.map_err(|_| too_slow(self.pace))? else {
            self.ended = true;
            return Ok(None);
        };
        let frame = frame.map_err(|error| malformed(format!("The body ended early: {error}")))?;
        let data = frame.into_data().ok();
        self.length += data.as_ref().map_or(0, Bytes::len);
        Ok(data)
    }
}

/// A body that its reader gets as it comes, and that fails when it comes too slowly.
pub(super) fn paced(body: Body, pace: MinBodyRate) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let receiving = BodyReader::new(body, pace);
    Body::from_stream(unfold(receiving, async |mut receiving| {
        loop {
            match receiving.frame().await {
                Ok(Some(data)) => return Some((Ok(data), receiving)),
                Ok(None) if receiving.ended => return None,
                Ok(None) => {}
                Err(error) => {
                    receiving.ended = true;
                    return Some((Err(io::Error::other(error.message().to_owned())), receiving));
                }
            }
        }
    }))
}

fn too_slow(pace: MinBodyRate) -> ApiError {
    let MinBodyRate { grace, bytes_per_second } = pace;
    let message = format!(
        "The body came too slowly: after {} s, at least {bytes_per_second} bytes must come in each second",
        grace.as_secs()
    );
    ApiError::new(ErrorCode::ServiceUnavailable, message)
}

pub(super) fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorCode::InputTooLarge, format!("The body may have at most {limit} bytes"))
}

/// Most bodies come in one piece, and then are not copied.
#[derive(Default)]
struct Collected {
    first: Bytes,
    all: BytesMut,
}

impl Collected {
    fn add(&mut self, data: Bytes) {
        if self.first.is_empty() && self.all.is_empty() {
            self.first = data;
        } else {
            let first = std::mem::take(&mut self.first);
            self.all.extend_from_slice(&first);
            self.all.extend_from_slice(&data);
        }
    }

    fn finish(self) -> Bytes {
        if self.all.is_empty() { self.first } else { self.all.freeze() }
    }
}

pub(super) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let media_type = content_type(headers).split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// The JSON of a body. Bodies of other types, and empty ones, count as `{}`.
pub(super) fn parse(headers: &HeaderMap, raw: &[u8]) -> Result<Value, ApiError> {
    if raw.is_empty() || !is_json(headers) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let value = serde_json::from_slice(raw).map_err(|error| malformed(format!("Failed to parse JSON: {error}")))?;
    match value {
        Value::Object(_) | Value::Array(_) => Ok(value),
        _ => Err(malformed("Failed to parse JSON: the top level must be an object or an array".to_owned())),
    }
}

pub(super) fn malformed(message: String) -> ApiError {
    let got = message.clone();
    ApiError::new(ErrorCode::MalformedPayload, message).at("/payload", "be a whole JSON object or array", got)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: MinBodyRate = MinBodyRate { grace: Duration::from_mins(1), bytes_per_second: 1 };
    const AT_ONCE: MinBodyRate = MinBodyRate { grace: Duration::from_millis(20), bytes_per_second: 1_000_000 };

    /// Pieces of so many bytes, after which the body ends or never does.
    fn pieces(size: usize, count: usize, ends: bool) -> Body {
        Body::from_stream(unfold(0, move |sent| async move {
            if sent == count && !ends {
                std::future::pending::<()>().await;
            }
            (sent < count).then(|| (Ok::<_, io::Error>(vec![b'x'; size]), sent + 1))
        }))
    }

    #[test]
    fn the_deadline_moves_with_what_has_come() {
        let begun = Instant::now();
        let pace = MinBodyRate { grace: Duration::from_secs(5), bytes_per_second: 1000 };
        for (bytes, seconds) in [(0, 5), (999, 5), (1000, 6), (60_000, 65)] {
            assert_eq!((pace.deadline(begun, bytes) - begun).as_secs(), seconds, "{bytes}");
        }
        let none = MinBodyRate { bytes_per_second: 0, ..pace };
        assert_eq!(none.deadline(begun, 3).duration_since(begun).as_secs(), 8, "a rate of 0 divides nothing by 0");
    }

    #[tokio::test]
    async fn a_body_that_stops_to_come_is_given_up() {
        let error = BodyReader::new(pieces(1, 1, false), AT_ONCE).fill(10_000).await.unwrap_err();
        assert!(error.message().contains("too slowly"), "{}", error.message());
        assert!(paced(pieces(1, 1, false), AT_ONCE).collect().await.is_err());
        assert_eq!(paced(pieces(1500, 20, true), FAST).collect().await.unwrap().to_bytes().len(), 30_000);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_was_asked_for() {
        let mut fair = BodyReader::new(pieces(1500, 20, true), FAST);
        assert!(fair.fill(30_000).await.unwrap());
        assert_eq!(fair.finish().len(), 30_000);
        let mut long = BodyReader::new(pieces(1500, 20, true), FAST);
        assert!(!long.fill(2000).await.unwrap());
        assert_eq!(long.length, 3000);
        long.discard(1_000_000).await;
        assert!(long.ended && long.length == 30_000);
        assert!(long.finish().is_empty());
    }
}
