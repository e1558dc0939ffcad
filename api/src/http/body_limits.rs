//! What large bodies and replies may take: memory, and time of processors.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::Semaphore;

use super::{
    ApiError, ApiResponse, BodyMode, CallerClass, Limiter, Permit, Requester, body::MinBodyRate, probes,
    route_table::Route,
};

/// Bodies up to here are taken from everybody, and checked where they come in.
pub(crate) const SMALL_BODY: usize = 64 * 1024;

/// What a permit of memory stands for.
const KIB: usize = 1024;

/// Limiter of bodies.
pub(crate) struct BodyLimits {
    /// Of JSON, in bytes.
    pub max: usize,
    /// Of whole graphs.
    pub max_graph: usize,
    /// Of requests that nobody signed.
    pub max_unsigned: usize,
    pub pace: MinBodyRate,
    pub upload_pace: MinBodyRate,
    /// Bodies that are on their way.
    pub receiving: Limiter,
    /// KiB of large bodies and replies.
    pub memory: Limiter,
    pub checks: CpuPool,
}

impl BodyLimits {
    pub(super) fn receiving(&self, requester: &Requester) -> Result<Permit, ApiError> {
        self.receiving.try_acquire(requester).ok_or_else(probes::busy)
    }

    /// The most that this sender may send to this endpoint.
    pub(super) fn largest(&self, route: &Route, requester: &Requester) -> usize {
        let max = if route.handler.read == BodyMode::Buffered { self.max_graph } else { self.max };
        if requester.class == CallerClass::Unsigned { max.min(self.max_unsigned) } else { max }
    }

    /// Room for a large body of so many bytes.
    pub(super) fn room(&self, requester: &Requester, length: usize) -> Result<Permit, ApiError> {
        self.memory.try_acquire_many(requester, length.div_ceil(KIB)).ok_or_else(probes::busy)
    }

    /// The same reply. If it is large, its room is taken until the client has it, for it may be long in reading.
    pub(super) fn held(&self, response: ApiResponse, requester: &Requester) -> Result<ApiResponse, ApiError> {
        let length = response.known_length().unwrap_or(0);
        if length <= SMALL_BODY as u64 {
            return Ok(response);
        }
        let permit = self.room(requester, usize::try_from(length).unwrap_or(usize::MAX))?;
        Ok(response.map_body(|body| Body::new(Held { body, permit: Arc::new(permit) })))
    }
}

/// Work that keeps a processor busy for long, a few at a time.
#[derive(Debug, Clone)]
pub(crate) struct CpuPool(Arc<Semaphore>);

impl CpuPool {
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Waits for its turn. Work that has begun goes on when nobody waits for it any more, and counts until its end.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit =
            Arc::clone(&self.0).acquire_owned().await.map_err(|error| ApiError::internal(error.to_string()))?;
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        });
        done.await.map_err(|error| ApiError::internal(error.to_string()))
    }
}

/// A body with what is held for it.
struct Held {
    body: Body,
    permit: Arc<Permit>,
}

/// The connection takes a body's bytes at once and sends them as fast as the client reads: the permit goes with them.
struct HeldBytes {
    bytes: Bytes,
    _permit: Arc<Permit>,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let held = |bytes| Bytes::from_owner(HeldBytes { bytes, _permit: Arc::clone(&self.permit) });
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
