//! Requests of the query protocol: a form, with fields in a fixed order.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method, Request, Url,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::error::config_error;
use crate::provider::ProviderResult;

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(super) fn encode<K: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (K, V)>) -> String {
    let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    let fields =
        fields.into_iter().map(|(name, value)| format!("{}={}", escaped(name.as_ref()), escaped(value.as_ref())));
    fields.collect::<Vec<_>>().join("&")
}

pub(super) fn post(url: &str, body: &str) -> ProviderResult<Request> {
    let url = Url::parse(url).map_err(|error| config_error("Endpoint", format!("`{url}` is not a URL: {error}")))?;
    let mut request = Request::new(Method::POST, url);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    request.headers_mut().insert(CONTENT_TYPE, form);
    *request.body_mut() = Some(body.to_owned().into());
    Ok(request)
}
