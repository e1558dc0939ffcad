use std::{convert::Infallible, sync::Arc};

use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    body::{Body as HttpBody, Incoming},
    header::{CONTENT_TYPE, EXPECT},
};
use tower::{BoxError, Service, ServiceBuilder};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate},
};

use super::{
    Body, HttpContext,
    dispatch::dispatch,
    headers::{client_trace_id, set_common_headers},
    unread_body::UnreadBody,
};
use crate::health::{READY_PATH, Ready, readiness};

/// Answers every request of a connection.
pub(crate) fn service(
    http: Arc<HttpContext>,
    ready: Ready,
) -> impl Service<
    Request<Incoming>,
    Response = Response<impl HttpBody<Data = impl Send, Error = BoxError> + Send>,
    Error = Infallible,
    Future: Send,
> + Clone
+ Send
+ 'static {
    let compression = CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest).compress_when(LongJson);
    ServiceBuilder::new().layer(compression).service_fn(move |request: Request<Incoming>| {
        let (http, ready) = (Arc::clone(&http), Arc::clone(&ready));
        async move {
            Ok(if request.uri().path() == READY_PATH { readiness(&ready).await } else { respond(http, request).await })
        }
    })
}

/// Shorter JSON is cheaper to send than to compress. Files are sent as they are stored.
#[derive(Clone)]
struct LongJson;

const MIN_COMPRESSED: u64 = 16 * 1024;

impl Predicate for LongJson {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let content_type = response.headers().get(CONTENT_TYPE);
        let is_json = content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
        is_json && response.body().size_hint().lower() > MIN_COMPRESSED
    }
}

/// The common headers are set in one pass: a layer for each would copy its header twice per request.
async fn respond(http: Arc<HttpContext>, request: Request<Incoming>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let trace_id = client_trace_id(&head.headers);
    let (unread, expects_continue) = (UnreadBody::default(), head.headers.contains_key(EXPECT));
    let body = unread.watch(body.map_err(Into::into).boxed_unsync());
    let mut response = dispatch(&http, head, body).await.into_response();
    unread.settle(expects_continue, response.headers_mut()).await;
    set_common_headers(response.headers_mut(), trace_id, &http.rng);
    response
}
