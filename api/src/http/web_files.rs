//! The page: files for browsers, where the API has nothing.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use hyper::{
    header::{ACCEPT, ACCEPT_ENCODING},
    http::request::Parts,
};

use super::{ApiResponse, body::full};

/// A file of the page, ready to be sent.
#[derive(Debug, Clone)]
pub struct WebFile {
    pub content_type: &'static str,
    /// Content security policy, caching and the like.
    pub headers: Vec<(&'static str, String)>,
    pub bytes: Cow<'static, [u8]>,
    pub gzip: Option<&'static [u8]>,
}

/// The file for a path. The second argument says whether the client accepts HTML: then unknown paths are places of the page.
pub type WebFiles = Arc<dyn Fn(&str, bool) -> Option<WebFile> + Send + Sync>;

/// Paths below which a program expects what is there, or a 404.
const RESERVED: [&str; 8] = [
    "/api",
    "/references",
    "/schemas",
    "/login/oauth/token",
    "/login/oauth/credentials",
    "/login/oidc",
    "/login/github",
    "/graphql",
];

pub(super) fn find(files: Option<&WebFiles>, head: &Parts) -> Option<ApiResponse> {
    let path = head.uri.path();
    if is_reserved(path) {
        return None;
    }
    let accepts = |name, part: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(part))
    };
    let file = files?(path, accepts(ACCEPT, "text/html"))?;
    // What a client accepts was reduced to this one coding, or none (`stack`).
    let gzip = file.gzip.filter(|_| accepts(ACCEPT_ENCODING, "gzip"));
    let bytes = match (gzip, file.bytes) {
        (Some(bytes), _) | (None, Cow::Borrowed(bytes)) => Bytes::from_static(bytes),
        (None, Cow::Owned(bytes)) => Bytes::from(bytes),
    };
    let mut response = ApiResponse::bytes(file.content_type, full(bytes));
    if gzip.is_some() {
        response = response.with_header("content-encoding", "gzip");
    }
    response = response.with_header("vary", "accept-encoding");
    Some(file.headers.iter().fold(response, |response, (name, value)| response.with_header(name, value)))
}

fn is_reserved(path: &str) -> bool {
    let is_below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    RESERVED.iter().any(|prefix| is_below(prefix)) || path.starts_with("/__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_ask_for_is_never_a_page() {
        for path in ["/api", "/api/nope", "/references/x", "/schemas/a/b", "/__version__", "/__x", "/login/oauth/token"]
        {
            assert!(is_reserved(path), "{path}");
        }
        for path in ["/", "/apiary", "/tasks/api", "/login/once", "/login", "/login/oauth/authorize"] {
            assert!(!is_reserved(path), "{path}");
        }
    }
}
