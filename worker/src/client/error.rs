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
    pub fn is_passing(&self) -> bool {
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

/// Method and path of a request, for messages. A query is left out: it may hold a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestName(String);

impl RequestName {
    pub(crate) fn new(method: &reqwest::Method, path: &str) -> Self {
        Self(format!("{method} {}", path.split('?').next().unwrap_or_default()))
    }
}

impl fmt::Display for RequestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
