//! Reading a request's body: at a minimum rate, and no further than its sender may send.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, stream::unfold};
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use protocol::error::ErrorCode;
use tokio::{
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::{ApiError, Body, body::streamed, payload::malformed};

/// How a body reaches the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyMode {
    /// Parsed, and checked against the endpoint's schema.
    Json,
    /// Read whole but not parsed, with the higher limit that a graph needs: [`RequestContext::raw`](super::request_context::RequestContext::raw).
    Buffered,
    /// Read whole but not parsed, from anybody: the handler checks its signature. At most [`MAX_DELIVERY`].
    Delivery,
    /// While it arrives, for files: [`Call::stream`](super::Call::stream). Its hash is not compared with the signed one.
    Stream,
}

/// The longest delivery of a web hook, in bytes: GitHub sends no longer ones.
pub(super) const MAX_DELIVERY: usize = 25 * 1024 * 1024;

/// How fast a body must arrive: after a grace period, so many bytes for each second since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MinBodyRate {
    pub grace_period: Duration,
    pub bytes_per_second: u32,
}

impl MinBodyRate {
    /// When more than these bytes must have arrived.
    fn deadline(self, started: Instant, bytes: usize) -> Instant {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        started + self.grace_period + Duration::from_secs(1) * bytes / self.bytes_per_second.max(1)
    }
}

/// How often a connection is polled for what it has read already: once to ask for the body, then for each part.
const POLLS: usize = 4;

/// Reads a body into memory, step by step.
pub(super) struct BodyReader {
    body: Body,
    min_rate: MinBodyRate,
    started: Instant,
    length: usize,
    ended: bool,
    collected: Collected,
}

impl BodyReader {
    pub(super) fn new(body: Body, min_rate: MinBodyRate) -> Self {
        let ended = body.is_end_stream();
        Self { body, min_rate, started: Instant::now(), length: 0, ended, collected: Collected::default() }
    }

    /// The least length that the headers announce.
    pub(super) fn announced_length(&self) -> usize {
        usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX)
    }

    /// Reads until the body ends or is longer than `max`. Whether it ended within `max`.
    pub(super) async fn read_up_to(&mut self, max: usize) -> Result<bool, ApiError> {
        while self.length <= max && !self.ended {
            if let Some(data) = self.frame().await? {
                self.collected.push(data);
            }
        }
        Ok(self.length <= max)
    }

    /// Whether a body of at most `max` bytes is complete without waiting for its sender.
    pub(super) async fn is_complete(&mut self, max: usize) -> Result<bool, ApiError> {
        for _ in 0..POLLS {
            if self.ended || self.announced_length() > max {
                break;
            }
            self.read_up_to(max).now_or_never().transpose()?;
            // The connection is polled by the same task: it passes on what it has read once this one yields.
            yield_now().await;
        }
        Ok(self.ended)
    }

    /// Reads on without keeping anything, so that a client that sends before it reads gets its response. A client that
    /// sends more than `max`, or too slowly, does not.
    pub(super) async fn discard(&mut self, max: usize) {
        self.collected = Collected::default();
        while self.length <= max && !self.ended && self.frame().await.is_ok() {}
    }

    pub(super) fn finish(self) -> Bytes {
        self.collected.finish()
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, ApiError> {
        let frame = timeout_at(self.min_rate.deadline(self.started, self.length), self.body.frame()).await;
        let Some(frame) = frame.map_err(|_| too_slow(self.min_rate))? else {
            self.ended = true;
            return Ok(None);
        };
        let frame = frame.map_err(|error| malformed(format!("The body ended early: {error}")))?;
        let data = frame.into_data().ok();
        self.length += data.as_ref().map_or(0, Bytes::len);
        Ok(data)
    }
}

/// The same body, which fails when it arrives too slowly.
pub(super) fn with_min_rate(body: Body, min_rate: MinBodyRate) -> Body {
    if body.is_end_stream() {
        return body;
    }
    streamed(unfold(BodyReader::new(body, min_rate), async |mut reader| {
        loop {
            match reader.frame().await {
                Ok(Some(data)) => return Some((Ok(data), reader)),
                Ok(None) if reader.ended => return None,
                Ok(None) => {}
                Err(error) => {
                    reader.ended = true;
                    return Some((Err(io::Error::other(error.message().to_owned())), reader));
                }
            }
        }
    }))
}

fn too_slow(min_rate: MinBodyRate) -> ApiError {
    let MinBodyRate { grace_period, bytes_per_second } = min_rate;
    let message = format!(
        "The body came too slowly: after {} s, at least {bytes_per_second} bytes must come in each second",
        grace_period.as_secs()
    );
    ApiError::new(ErrorCode::ServiceUnavailable, message)
}

pub(super) fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorCode::InputTooLarge, format!("The body may have at most {limit} bytes"))
}

/// The data of a body. Most bodies arrive in one piece, which is not copied.
#[derive(Default)]
struct Collected {
    first: Bytes,
    all: BytesMut,
}

impl Collected {
    fn push(&mut self, data: Bytes) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: MinBodyRate = MinBodyRate { grace_period: Duration::from_mins(1), bytes_per_second: 1 };
    const AT_ONCE: MinBodyRate = MinBodyRate { grace_period: Duration::from_millis(20), bytes_per_second: 1_000_000 };

    /// A body of `count` pieces, which then ends or stalls.
    fn pieces(size: usize, count: usize, ends: bool) -> Body {
        streamed(unfold(0, move |sent| async move {
            if sent == count && !ends {
                std::future::pending::<()>().await;
            }
            (sent < count).then(|| (Ok::<_, io::Error>(Bytes::from(vec![b'x'; size])), sent + 1))
        }))
    }

    #[test]
    fn the_deadline_moves_with_the_bytes_that_arrived() {
        let started = Instant::now();
        let min_rate = MinBodyRate { grace_period: Duration::from_secs(5), bytes_per_second: 1000 };
        for (bytes, seconds) in [(0, 5), (999, 5), (1000, 6), (60_000, 65)] {
            assert_eq!((min_rate.deadline(started, bytes) - started).as_secs(), seconds, "{bytes}");
        }
        let none = MinBodyRate { bytes_per_second: 0, ..min_rate };
        assert_eq!(none.deadline(started, 3).duration_since(started).as_secs(), 8, "a rate of 0 divides nothing by 0");
    }

    #[tokio::test]
    async fn a_body_that_stops_arriving_times_out() {
        let error = BodyReader::new(pieces(1, 1, false), AT_ONCE).read_up_to(10_000).await.unwrap_err();
        assert!(error.message().contains("too slowly"), "{}", error.message());
        assert!(with_min_rate(pieces(1, 1, false), AT_ONCE).collect().await.is_err());
        assert_eq!(with_min_rate(pieces(1500, 20, true), FAST).collect().await.unwrap().to_bytes().len(), 30_000);
    }

    #[tokio::test]
    async fn no_more_than_the_limit_is_kept() {
        let mut short = BodyReader::new(pieces(1500, 20, true), FAST);
        assert!(short.read_up_to(30_000).await.unwrap());
        assert_eq!(short.finish().len(), 30_000);
        let mut long = BodyReader::new(pieces(1500, 20, true), FAST);
        assert!(!long.read_up_to(2000).await.unwrap());
        assert_eq!(long.length, 3000);
        long.discard(1_000_000).await;
        assert!(long.ended && long.length == 30_000);
        assert!(long.finish().is_empty());
    }
}
