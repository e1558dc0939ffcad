//! Checks of an artifact's values beyond the schema. Most of them come back as headers of responses.

use super::{ArtifactBody, ArtifactError};
use crate::{FieldError, object::check_content_type};

pub(super) fn check(body: &ArtifactBody) -> Result<(), ArtifactError> {
    check_content_type("/payload/contentType", body.content_type())?;
    match body {
        ArtifactBody::Reference { url, .. } if !is_web_address(url) => {
            let got = format!("`{}`", url.escape_debug());
            Err(FieldError::new("/payload/url", "begin with http:// or https:// and a host", got).into())
        }
        _ => Ok(()),
    }
}

/// Whether a reader may be redirected there. Anything else, such as `javascript:`, would run in the name of this server.
pub(super) fn is_web_address(url: &str) -> bool {
    let scheme = url
        .split_once("://")
        .filter(|(scheme, _)| ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    let host = scheme.map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    host.is_some_and(|host| !host.is_empty()) && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::is_web_address;

    #[test]
    fn only_the_web_is_referred_to() {
        for url in ["https://example.com/a?b#c", "http://[::1]:8080", "HTTPS://example.com/%0d%0a"] {
            assert!(is_web_address(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://example.com",
            "http:/example.com",
            "http://",
            "https:///path",
            "//example.com",
            " https://example.com",
            "https://example.com/\r\nset-cookie: a=b",
            "https:\\\\example.com",
            "https://example.com\\@evil.test",
            "https://example.com/ü",
        ] {
            assert!(!is_web_address(url), "{url:?}");
        }
    }
}
