use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base::Rng;
use uuid::{Builder, fmt::Hyphenated};

const TRACE_SENT: &str = "x-taskcluster-trace-id";

/// On every answer, and the same on each.
static FIXED: [(HeaderName, HeaderValue); 9] = [
    fixed("x-content-type-options", "nosniff"),
    fixed("cache-control", "no-store no-cache must-revalidate"),
    fixed("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    fixed("access-control-allow-origin", "*"),
    fixed("access-control-max-age", "900"),
    fixed("access-control-allow-methods", "OPTIONS,GET,HEAD,POST,PUT,DELETE,TRACE,CONNECT"),
    fixed("access-control-request-method", "*"),
    fixed(
        "access-control-allow-headers",
        "X-Requested-With,Content-Type,Authorization,Accept,Origin,Cache-Control,Range,Last-Event-ID,traceparent,\
         x-taskcluster-trace-id,x-taskcluster-skip-cdn",
    ),
    // What clients read besides the body; without it, scripts of other origins do not see it.
    fixed(
        "access-control-expose-headers",
        "x-for-request-id,x-for-trace-id,x-taskcluster-trace-id,retry-after,www-authenticate,location,link,allow,\
         accept-ranges,content-range,content-length,content-disposition,content-encoding,etag,last-modified,\
         repr-digest,x-taskcluster-artifact-storage-type",
    ),
];

const fn fixed(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// Longer trace ids are none: every reply repeats them.
const MAX_TRACE_ID: usize = 256;

/// The trace id that the client sent.
pub(super) fn trace(context: &HeaderMap) -> Option<HeaderValue> {
    context.get(TRACE_SENT).filter(|id| id.len() <= MAX_TRACE_ID).cloned()
}

/// Sets the headers that every answer carries. A handler's own `cache-control` stays.
pub(super) fn put(headers: &mut HeaderMap, trace: Option<HeaderValue>, rng: &Rng) {
    for (name, value) in &FIXED {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    let pairs = [("x-for-trace-id", trace.or_else(|| fresh(rng))), ("x-for-request-id", fresh(rng))];
    for (name, value) in pairs {
        value.map(|value| headers.insert(HeaderName::from_static(name), value));
    }
}

fn fresh(rng: &Rng) -> Option<HeaderValue> {
    let uuid = Builder::from_random_bytes(rng.uuid_bytes()).into_uuid();
    HeaderValue::from_str(uuid.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH])).ok()
}
