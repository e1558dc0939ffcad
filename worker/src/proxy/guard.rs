//! Access checks of the proxy of a task.

use hyper::{
    HeaderMap, StatusCode, Uri,
    header::{HOST, HeaderName, ORIGIN},
};
use percent_encoding::percent_decode_str;

pub(super) struct Guard {
    /// The first segment of every path.
    pub(super) secret: String,
    pub(super) port: u16,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rejection(pub(super) StatusCode, pub(super) &'static str);

impl Guard {
    /// The path and query behind the secret. A page in somebody's browser knows neither the secret nor the right host.
    pub(super) fn admit<'u>(&self, uri: &'u Uri, headers: &HeaderMap) -> Result<&'u str, Rejection> {
        if uri.authority().is_some() {
            return Err(Rejection(StatusCode::MISDIRECTED_REQUEST, "only paths are answered, not whole URLs"));
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if ![format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)].contains(&host.to_owned()) {
            return Err(Rejection(StatusCode::MISDIRECTED_REQUEST, "the Host header is not that of the proxy"));
        }
        if headers.contains_key(ORIGIN) {
            return Err(Rejection(StatusCode::FORBIDDEN, "pages of a browser may not use the proxy"));
        }
        let whole = uri.path_and_query().map_or("/", |whole| whole.as_str());
        let (given, rest) = whole.strip_prefix('/').and_then(|whole| whole.split_once('/')).unwrap_or_default();
        if !is_same(given.as_bytes(), self.secret.as_bytes()) {
            return Err(Rejection(StatusCode::FORBIDDEN, "the path does not begin as TASKCLUSTER_PROXY_URL does"));
        }
        let behind = &whole[whole.len() - rest.len() - 1..];
        if is_ambiguous(behind.split(['?', '#']).next().unwrap_or_default()) {
            return Err(Rejection(StatusCode::BAD_REQUEST, "a path may not contain empty, `.` or `..` parts"));
        }
        Ok(behind)
    }
}

/// Whether a server could resolve the path to another one.
fn is_ambiguous(path: &str) -> bool {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let parts = || decoded.split(|byte| matches!(byte, b'/' | b'\\'));
    path.contains("//") || path.contains('\\') || parts().any(|part| matches!(part, b"." | b".."))
}

/// In constant time.
fn is_same(given: &[u8], secret: &[u8]) -> bool {
    let differences = given.iter().zip(secret).fold(0, |all, (one, other)| all | (one ^ other));
    given.len() == secret.len() && differences == 0
}

/// What the server tells browsers about other origins does not hold for the proxy.
pub(super) fn is_for_browsers(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-")
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn admit(uri: &str, headers: &[(HeaderName, &'static str)]) -> Result<String, u16> {
        let guard = Guard { secret: "secret".to_owned(), port: 80 };
        let mut map = HeaderMap::from_iter([(HOST, HeaderValue::from_static("127.0.0.1:80"))]);
        for (name, value) in headers {
            map.insert(name, HeaderValue::from_static(value));
        }
        let uri: Uri = uri.parse().unwrap();
        guard.admit(&uri, &map).map(str::to_owned).map_err(|refusal| refusal.0.as_u16())
    }

    #[test]
    fn the_path_behind_the_secret_is_passed_on_as_it_is() {
        assert_eq!(admit("/secret/api/queue/v1/ping?x=/../", &[]).unwrap(), "/api/queue/v1/ping?x=/../");
        assert_eq!(
            admit("/secret/queue/v1/task/a/artifacts/public%2Fa..b", &[]).unwrap(),
            "/queue/v1/task/a/artifacts/public%2Fa..b"
        );
        assert_eq!(admit("/secret/ping", &[(HOST, "localhost:80")]).unwrap(), "/ping");
    }

    #[test]
    fn without_the_secret_nobody_is_answered() {
        for path in ["/", "/api/queue/v1/ping", "/secre/ping", "/secrett/ping", "/secret", "//secret/ping"] {
            assert_eq!(admit(path, &[]), Err(403), "{path}");
        }
    }

    #[test]
    fn another_host_or_a_browser_is_refused_even_with_the_secret() {
        for host in ["evil.example", "evil.example:80", "127.0.0.1:81", "127.0.0.1", ""] {
            assert_eq!(admit("/secret/ping", &[(HOST, host)]), Err(421), "{host}");
        }
        assert_eq!(admit("/secret/ping", &[(ORIGIN, "null")]), Err(403));
        assert_eq!(admit("http://127.0.0.1:80/secret/ping", &[]), Err(421));
    }

    #[test]
    fn a_path_that_can_be_read_in_two_ways_is_refused() {
        for path in ["//ping", "/a//b", "/a/../b", "/a/%2e%2E/b", "/a%2f..%2fb", "/a/./b", "/a%5c..%5cb", "/a%2F%2e%2e"]
        {
            assert_eq!(admit(&format!("/secret{path}"), &[]), Err(400), "{path}");
        }
    }
}
