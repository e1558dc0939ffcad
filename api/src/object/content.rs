//! Upload and download of content. The URL carries a token that permits it, so that nothing is signed.

use std::{ops::Range, sync::Arc};

use actors::object::{Incoming, Objects, Stored};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::BodyExt;
use hyper::{Method, StatusCode};
use protocol::media_type;

use super::{
    digests::digests,
    range::{RequestedRange, requested_range},
};
use crate::http::{ApiError, ApiResponse, ApiResult, Body, Call, Object, streamed};

/// Browsers show content of any author in a sandbox, with no access to this server.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; media-src 'self'";

pub(super) async fn upload(objects: Arc<Objects>, mut call: Call) -> ApiResult {
    let content_length = call.header("content-length").map(str::parse).transpose();
    let content_length =
        content_length.map_err(|_| ApiError::input("header `Content-Length` is no number of bytes"))?;
    let incoming = Incoming {
        content_type: call.header("content-type").map(str::to_owned),
        content_length,
        content_encoding: call.header("content-encoding").map(str::to_owned),
        digests: digests(|name| call.header(name))?,
        body: call.stream().into_data_stream(),
    };
    let content = objects.receive(call.param("token"), incoming).await?;
    let response: ApiResponse = Object::new().field("sha256", &content.sha256).field("sha512", &content.sha512).into();
    Ok(response.with_header("etag", &etag(&content.sha256)))
}

pub(super) async fn download(objects: Arc<Objects>, call: Call) -> ApiResult {
    let stored = objects.find(call.param("token")).await?;
    let length = u64::try_from(stored.content.content_length).unwrap_or_default();
    let tag = etag(&stored.content.sha256);
    if call.header("if-none-match").is_some_and(|known| known == tag) {
        return Ok(ApiResponse::empty(StatusCode::NOT_MODIFIED).with_header("etag", &tag));
    }
    // A part of another content than the client has is of no use to it.
    let same = call.header("if-range").is_none_or(|known| known == tag);
    match requested_range(call.header("range").filter(|_| same), length) {
        RequestedRange::Whole => whole(&objects, &call, &stored, length).await,
        RequestedRange::Part(part) => partial(&objects, &call, &stored, part, length).await,
        RequestedRange::Outside => {
            let response = ApiResponse::empty(StatusCode::RANGE_NOT_SATISFIABLE);
            Ok(response.with_header("content-range", &format!("bytes */{length}")))
        }
    }
}

async fn whole(objects: &Objects, call: &Call, stored: &Stored, length: u64) -> ApiResult {
    let body = bytes(objects, call, stored, None).await?;
    Ok(described(stored, body).with_header("content-length", &length.to_string()))
}

async fn partial(objects: &Objects, call: &Call, stored: &Stored, part: Range<u64>, length: u64) -> ApiResult {
    let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
    let part_length = part.end - part.start;
    let body = bytes(objects, call, stored, Some(part)).await?;
    let response = described(stored, body).with_status(StatusCode::PARTIAL_CONTENT);
    Ok(response.with_header("content-range", &range).with_header("content-length", &part_length.to_string()))
}

/// Opened before the response begins, so that a missing or damaged file is an error. HEAD has no body.
async fn bytes(objects: &Objects, call: &Call, stored: &Stored, part: Option<Range<u64>>) -> Result<Body, ApiError> {
    let download = objects.open(stored, part).await?;
    Ok(if call.context().method == Method::HEAD { Body::default() } else { streamed(download.bytes) })
}

fn described(stored: &Stored, body: Body) -> ApiResponse {
    let content = &stored.content;
    let digests = [("sha-256", &content.sha256), ("sha-512", &content.sha512)];
    let digests =
        digests.map(|(name, hash)| format!("{name}=:{}:", STANDARD.encode(hex::decode(hash).unwrap_or_default())));
    let response = ApiResponse::bytes(&content.content_type, body)
        .with_header("accept-ranges", "bytes")
        .with_header("etag", &etag(&content.sha256))
        .with_header("repr-digest", &digests.join(", "))
        .with_header("cache-control", "private, max-age=1800, immutable")
        .with_header("content-security-policy", SANDBOX);
    let response = match content.content_encoding.as_str() {
        "identity" => response,
        encoding => response.with_header("content-encoding", encoding),
    };
    if media_type::may_run_scripts(&content.content_type) {
        return response.with_header("content-disposition", "attachment");
    }
    response
}

fn etag(sha256: &str) -> String {
    format!("\"{sha256}\"")
}
