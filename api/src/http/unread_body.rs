use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::{
    HeaderMap,
    body::{Body as HttpBody, Frame, SizeHint},
    header::{CONNECTION, HeaderValue},
};
use tokio::time::timeout;
use tower::BoxError;

use super::Body;

/// A longer rest of a body is not read to keep its connection.
const MAX_DISCARDED: usize = 256 * 1024;

/// How long a client may take to send the rest.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// What nobody read of a request's body. Left in the connection, it would break the connection between this response
/// and the next request, without an error for the client.
#[derive(Clone, Default)]
pub(super) struct UnreadBody(Arc<Mutex<Option<Body>>>);

impl UnreadBody {
    /// The same body; its unread rest comes here when it is dropped.
    pub(super) fn watch(&self, body: Body) -> Body {
        if body.is_end_stream() { body } else { WatchedBody { body, unread: self.clone() }.boxed_unsync() }
    }

    /// Reads the rest and discards it. Where that would take too long, or the client waits for `100 Continue` before it
    /// sends the body, the response says that the connection is closed.
    pub(super) async fn settle(self, expects_continue: bool, headers: &mut HeaderMap) {
        let Some(rest) = self.lock().take() else { return };
        let is_long = rest.size_hint().lower() > MAX_DISCARDED as u64;
        if expects_continue || is_long || !timeout(DISCARD_TIMEOUT, discard(rest)).await.unwrap_or(false) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Body>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the body ended within the limit.
async fn discard(rest: Body) -> bool {
    let mut rest = Limited::new(rest, MAX_DISCARDED);
    while let Some(frame) = rest.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

struct WatchedBody {
    body: Body,
    unread: UnreadBody,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            *self.unread.lock() = Some(mem::take(&mut self.body));
        }
    }
}
