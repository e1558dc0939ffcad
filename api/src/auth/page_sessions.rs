//! The caller behind the cookie of a session.

use actors::sessions::{SessionError, Sessions, SignedIn};

use super::{AuthenticationError, Caller, SessionCookie};
use crate::http::ApiError;

/// What recognises requests of the page.
pub(crate) struct PageSessions {
    pub cookie: SessionCookie,
    sessions: Sessions,
}

impl PageSessions {
    pub(crate) fn new(sessions: Sessions, root_url: &str) -> Self {
        Self { cookie: SessionCookie::new(root_url), sessions }
    }

    /// The caller behind a cookie; 503 where sessions cannot be read.
    pub(crate) async fn caller(&self, cookie: &str) -> Result<Result<Caller, AuthenticationError>, ApiError> {
        match self.sessions.find(cookie).await {
            Ok(SignedIn { identity, scopes, expires }) => {
                Ok(Ok(Caller { client_id: Some(identity.client_id), scopes, expires: Some(expires), hash: None }))
            }
            Err(error @ SessionError::Ended) => Ok(Err(AuthenticationError::Session(error.to_string()))),
            Err(error) => Err(error.into()),
        }
    }
}
