use std::{
    mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderMap, HeaderValue, header::CONNECTION},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

/// More than this is not read for the sake of a connection.
const MOST: usize = 256 * 1024;

/// Nor is a client waited for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What nobody read of a request's body. Left in the connection it would break it, between this answer and the next
/// request, without a word to the client.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Option<Body>>>);

impl Unread {
    /// The same body; what of it is not read comes here when it is dropped.
    pub(super) fn watch(&self, body: Body) -> Body {
        if body.is_end_stream() { body } else { Body::new(Watched { body, unread: self.clone() }) }
    }

    /// Reads the rest and throws it away. Where that would take too long, or where the client waits to be context for
    /// its body, the answer says that the connection ends.
    pub(super) async fn settle(self, waits_to_be_asked: bool, headers: &mut HeaderMap) {
        let Some(rest) = self.lock().take() else { return };
        let too_much = waits_to_be_asked || rest.size_hint().lower() > MOST as u64;
        if too_much || !timeout(PATIENCE, discard(rest)).await.unwrap_or(false) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Body>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether all of it could be read.
async fn discard(mut rest: Body) -> bool {
    let mut length = 0;
    while let Some(frame) = rest.frame().await {
        let Ok(frame) = frame else { return false };
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > MOST {
            return false;
        }
    }
    true
}

struct Watched {
    body: Body,
    unread: Unread,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            *self.unread.lock() = Some(mem::take(&mut self.body));
        }
    }
}
