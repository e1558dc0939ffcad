use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Response, StatusCode,
    body::Body as HttpBody,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SET_COOKIE},
};
use serde::Serialize;

use super::{ApiError, Body, Object, body::full};

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Status, headers and body of a response, without the common headers.
#[derive(Debug)]
pub struct ApiResponse(Response<Body>);

impl ApiResponse {
    /// 200 with this value as compact JSON.
    pub fn json(value: &impl Serialize) -> Self {
        let mut text = Vec::with_capacity(1024);
        match serde_json::to_writer(&mut text, value) {
            Ok(()) => Self::json_text(text),
            // Only a map with keys other than texts can fail, and there is none.
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// 200 with JSON that is serialized already.
    pub fn json_text(text: impl Into<Bytes>) -> Self {
        let mut response = Response::new(full(text));
        response.headers_mut().reserve(16);
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        Self(response)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        let mut response = Response::new(Body::default());
        *response.status_mut() = status;
        Self(response)
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// 303 to `url`, with a JSON body for clients that do not follow.
    pub fn see_other(url: &str, value: &impl Serialize) -> Result<Self, ApiError> {
        let location = HeaderValue::from_str(url)
            .map_err(|_| ApiError::input(format!("`{}` cannot be redirected to", url.escape_default())))?;
        let mut response = Self::json(value).with_status(StatusCode::SEE_OTHER);
        response.0.headers_mut().insert(LOCATION, location);
        Ok(response)
    }

    /// Bytes of another content type than JSON.
    pub(crate) fn bytes(content_type: &str, body: Body) -> Self {
        let mut response = Response::new(body);
        let fallback = HeaderValue::from_static("application/octet-stream");
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap_or(fallback));
        Self(response)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        *self.0.status_mut() = status;
        self
    }

    /// Sets a header, unless its value is one that no header can have.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Sets a cookie, besides others.
    #[must_use]
    pub fn with_cookie(mut self, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().append(SET_COOKIE, value);
        }
        self
    }

    /// The length of a body that is not streamed.
    pub(super) fn known_length(&self) -> Option<u64> {
        self.0.body().size_hint().exact()
    }

    pub(super) fn map_body(self, change: impl FnOnce(Body) -> Body) -> Self {
        Self(self.0.map(change))
    }

    pub(super) fn is_ok(&self) -> bool {
        self.0.status() == StatusCode::OK
    }

    /// The bytes of the body, and the same response.
    pub(super) async fn read(self) -> Result<(Self, Bytes), ApiError> {
        let (head, body) = self.0.into_parts();
        let text = body.collect().await.map_err(|error| ApiError::internal(error.to_string()))?.to_bytes();
        Ok((Self(Response::from_parts(head, full(text.clone()))), text))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        self.0
    }
}

impl From<Object> for ApiResponse {
    fn from(object: Object) -> Self {
        Self::json_text(object.finish())
    }
}
