//! What large bodies and responses may take: memory, and time of processors.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tower::BoxError;

use super::{
    ApiError, ApiResponse, Body, BodyMode, CallerClass, Limiter, MinBodyRate, Permit, Requester, cpu_pool::CpuPool,
    read_body::MAX_DELIVERY, route_table::Route,
};

/// Bodies up to here are accepted from everybody, and checked on the task of their connection.
pub(crate) const SMALL_BODY: usize = 64 * 1024;

/// What one permit of memory stands for.
const KIB: usize = 1024;

/// Limits of bodies.
pub(crate) struct BodyLimits {
    /// Of JSON, in bytes.
    pub max: usize,
    /// Of whole graphs, in bytes.
    pub max_graph: usize,
    /// Of unsigned requests, in bytes.
    pub max_unsigned: usize,
    pub min_rate: MinBodyRate,
    pub min_upload_rate: MinBodyRate,
    /// Bodies that have not arrived yet.
    pub receiving: Limiter,
    /// KiB of large bodies and responses.
    pub memory: Limiter,
    pub cpu_pool: CpuPool,
}

impl BodyLimits {
    pub(super) fn in_transit(&self, requester: &Requester) -> Result<Permit, ApiError> {
        self.receiving.try_acquire(requester).ok_or_else(ApiError::busy)
    }

    /// The longest body that this requester may send to this endpoint.
    pub(super) fn max_length(&self, route: &Route, requester: &Requester) -> usize {
        let max = match route.handler.body_mode {
            BodyMode::Delivery => return MAX_DELIVERY,
            BodyMode::Buffered => self.max_graph,
            BodyMode::Json | BodyMode::Stream => self.max,
        };
        if requester.class == CallerClass::Unsigned { max.min(self.max_unsigned) } else { max }
    }

    /// Memory for a large body.
    pub(super) fn reserve(&self, requester: &Requester, length: usize) -> Result<Permit, ApiError> {
        self.memory.try_acquire_many(requester, length.div_ceil(KIB)).ok_or_else(ApiError::busy)
    }

    /// The same response. If it is large, its memory is reserved until the client has read it, which may take long.
    pub(super) fn hold(&self, response: ApiResponse, requester: &Requester) -> Result<ApiResponse, ApiError> {
        let length = response.known_length().unwrap_or(0);
        if length <= SMALL_BODY as u64 {
            return Ok(response);
        }
        let permit = self.reserve(requester, usize::try_from(length).unwrap_or(usize::MAX))?;
        Ok(response.map_body(|body| HeldBody { body, permit: Arc::new(permit) }.boxed_unsync()))
    }
}

/// A body with the permit that is held for it.
struct HeldBody {
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

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
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
