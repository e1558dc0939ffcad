//! What can go wrong with a request.

use std::fmt;

/// A request that did not succeed, after all tries.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server said no; trying again would not help.
    #[error("{request} was refused: {status} {code}: {message}")]
    Refused { request: RequestName, status: u16, code: String, message: String },
    #[error("{request} got no answer from the server")]
    Unreachable { request: RequestName, source: reqwest::Error },
    #[error("{request} failed in the server: {status}: {message}")]
    Broken { request: RequestName, status: u16, message: String },
    /// A URL that the task chose leads to where tasks do not reach.
    #[error("{request} is not allowed: {rule}")]
    Forbidden { request: RequestName, rule: String },
    /// What was sent or came is not what it was on the other side.
    #[error("{request} was interrupted: {message}")]
    Interrupted { request: RequestName, message: String },
    #[error("{request} was answered with something unexpected")]
    Unreadable { request: RequestName, source: serde_json::Error },
    #[error("the certificate of the credentials is not JSON: give it exactly as it was issued")]
    BadCertificate(#[source] serde_json::Error),
    #[error("the file to send could not be read")]
    File(#[from] std::io::Error),
    #[error("the HTTP client could not be made")]
    Setup(#[source] reqwest::Error),
    #[error("`{0}` is no URL")]
    BadUrl(String),
}

impl ClientError {
    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Broken { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The state on the server does not allow it (any more).
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// The same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Broken { .. } | Self::Interrupted { .. })
    }

    /// The error and what is behind it, in one line for people.
    pub fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        text
    }
}

/// Ways of Drover's URLs that permit something to whoever knows what follows.
const PERMITS: [&str; 2] = ["/api/drover/v1/upload/", "/api/drover/v1/download/"];

/// Method and path of a request, for messages. A query is left out, as it may hold a signature, and so is a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestName(String);

impl RequestName {
    pub(crate) fn new(method: &reqwest::Method, path: &str) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let Some(at) = PERMITS.iter().find_map(|way| Some(path.find(way)? + way.len())) else {
            return Self(format!("{method} {path}"));
        };
        let rest = path[at..].find('/').map_or("", |end| &path[at + end..]);
        Self(format!("{method} {}...{rest}", &path[..at]))
    }
}

impl fmt::Display for RequestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Method;

    use super::*;

    #[test]
    fn a_message_about_a_request_holds_no_signature_and_no_permit() {
        let result = |path: &str| RequestName::new(&Method::GET, path).to_string();
        assert_eq!(result("/api/queue/v1/ping?bewit=secret"), "GET /api/queue/v1/ping");
        let url = "https://ci.example/api/drover/v1/download/secret/a.log";
        assert_eq!(result(url), "GET https://ci.example/api/drover/v1/download/.../a.log");
        assert_eq!(result("http://h/api/drover/v1/upload/secret"), "GET http://h/api/drover/v1/upload/...");
    }
}
