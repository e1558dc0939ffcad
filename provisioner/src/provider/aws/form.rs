//! Requests of the query protocol: a form, with fields in a fixed order.

pub(super) use protocol::form::encode;
use reqwest::{
    Method, Request, Url,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::error::config_error;
use crate::provider::ProviderResult;

pub(super) fn post(url: &str, body: &str) -> ProviderResult<Request> {
    let url = Url::parse(url).map_err(|error| config_error("Endpoint", format!("`{url}` is not a URL: {error}")))?;
    let mut request = Request::new(Method::POST, url);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    request.headers_mut().insert(CONTENT_TYPE, form);
    *request.body_mut() = Some(body.to_owned().into());
    Ok(request)
}
