use base::Rng;
use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};
use uuid::{Builder, fmt::Hyphenated};

const CLIENT_TRACE_ID: &str = "x-taskcluster-trace-id";

/// The same on every response.
static COMMON: [(HeaderName, HeaderValue); 9] = [
    header("x-content-type-options", "nosniff"),
    header("cache-control", "no-store no-cache must-revalidate"),
    header("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    header("access-control-allow-origin", "*"),
    header("access-control-max-age", "900"),
    header("access-control-allow-methods", "OPTIONS,GET,HEAD,POST,PUT,DELETE,TRACE,CONNECT"),
    header("access-control-request-method", "*"),
    header(
        "access-control-allow-headers",
        "X-Requested-With,Content-Type,Authorization,Accept,Origin,Cache-Control,Range,Last-Event-ID,traceparent,\
         x-taskcluster-trace-id,x-taskcluster-skip-cdn",
    ),
    // What clients read besides the body; without this, scripts of other origins cannot.
    header(
        "access-control-expose-headers",
        "x-for-request-id,x-for-trace-id,x-taskcluster-trace-id,retry-after,www-authenticate,location,link,allow,\
         accept-ranges,content-range,content-length,content-disposition,content-encoding,etag,last-modified,\
         repr-digest,x-taskcluster-artifact-storage-type",
    ),
];

const fn header(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Longer trace ids are ignored, as every response repeats them.
const MAX_TRACE_ID: usize = 256;

/// The trace id that the client sent.
pub(super) fn client_trace_id(request: &HeaderMap) -> Option<HeaderValue> {
    request.get(CLIENT_TRACE_ID).filter(|id| id.len() <= MAX_TRACE_ID).cloned()
}

/// Sets the headers that every response carries. A handler's own `cache-control` stays.
pub(super) fn set_common_headers(headers: &mut HeaderMap, trace_id: Option<HeaderValue>, rng: &Rng) {
    for (name, value) in &COMMON {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    let pairs = [("x-for-trace-id", trace_id.or_else(|| new_id(rng))), ("x-for-request-id", new_id(rng))];
    for (name, value) in pairs {
        value.map(|value| headers.insert(HeaderName::from_static(name), value));
    }
}

fn new_id(rng: &Rng) -> Option<HeaderValue> {
    let uuid = Builder::from_random_bytes(rng.uuid_bytes()).into_uuid();
    HeaderValue::from_str(uuid.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH])).ok()
}
