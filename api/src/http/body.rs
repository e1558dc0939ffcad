use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header::CONTENT_TYPE};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use protocol::error::ErrorCode;
use serde_json::Value;

use super::Fault;

/// How a body comes to the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// Parsed, and checked against the endpoint's schema.
    Json,
    /// Whole, but not parsed, and with the bigger limit that a graph needs: `Asked::raw`.
    Whole,
    /// As it arrives, for files: `Call::stream`. Its hash is not checked against the signature.
    Stream,
}

/// So many times the limit is read and thrown away, for the client to see the answer and not a broken connection.
const PATIENCE: usize = 8;

/// Reads a whole body of at most `limit` bytes.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Fault> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let mut whole = Collected::default();
    let mut body = body;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|fault| malformed(format!("The body ended early: {fault}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= limit {
            whole.add(data);
        } else if length > limit.saturating_mul(PATIENCE) {
            break;
        }
    }
    if length > limit {
        return Err(Fault::new(ErrorCode::InputTooLarge, format!("The body may have at most {limit} bytes")));
    }
    Ok(whole.finish())
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
pub(super) fn parse(headers: &HeaderMap, raw: &[u8]) -> Result<Value, Fault> {
    if raw.is_empty() || !is_json(headers) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    let value = serde_json::from_slice(raw).map_err(|fault| malformed(format!("Failed to parse JSON: {fault}")))?;
    match value {
        Value::Object(_) | Value::Array(_) => Ok(value),
        _ => Err(malformed("Failed to parse JSON: the top level must be an object or an array".to_owned())),
    }
}

pub(super) fn malformed(message: String) -> Fault {
    let got = message.clone();
    Fault::new(ErrorCode::MalformedPayload, message).at("/payload", "be a whole JSON object or array", got)
}
