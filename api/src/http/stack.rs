use std::{convert::Infallible, sync::Arc};

use http_body_util::BodyExt;
use hyper::{
    Request, Response,
    body::{Body as HttpBody, Incoming},
    header::{ACCEPT_ENCODING, CONTENT_TYPE, EXPECT, HeaderValue},
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
    ServiceBuilder::new().map_request(accept_gzip_or_anything).layer(compression).service_fn(
        move |request: Request<Incoming>| {
            let (http, ready) = (Arc::clone(&http), Arc::clone(&ready));
            async move {
                Ok(if request.uri().path() == READY_PATH {
                    readiness(&ready).await
                } else {
                    respond(http, request).await
                })
            }
        },
    )
}

/// The compression layer answers 406 where a client accepts no encoding at all, after the request was carried out. We
/// send the plain body then: only whether gzip is accepted counts.
fn accept_gzip_or_anything<B>(mut request: Request<B>) -> Request<B> {
    let accepted = request.headers_mut().remove(ACCEPT_ENCODING);
    if accepted.is_some_and(|accepted| accepts_gzip(&accepted)) {
        request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    request
}

fn accepts_gzip(accepted: &HeaderValue) -> bool {
    accepted.to_str().unwrap_or_default().split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0_f32));
        matches!(name.trim(), "gzip" | "*") && !refused
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_client_that_accepts_gzip_gets_it_and_none_is_refused() {
        let sent = |accepted: &'static str| {
            let request = Request::builder().header(ACCEPT_ENCODING, accepted).body(()).unwrap();
            accept_gzip_or_anything(request).headers().get(ACCEPT_ENCODING).cloned()
        };
        for accepted in ["gzip", "br, gzip;q=0.5", "*", "deflate, *;q=1"] {
            assert_eq!(sent(accepted).unwrap(), "gzip", "{accepted}");
        }
        for accepted in ["identity;q=0", "gzip;q=0", "br", "*;q=0.0", ""] {
            assert_eq!(sent(accepted), None, "{accepted}");
        }
    }
}
