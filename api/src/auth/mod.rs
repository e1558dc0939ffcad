//! Authentication of callers, and the error where they lack scopes.

mod authorize;
mod caller;
mod page_sessions;
mod session_cookie;
mod verify;

pub(crate) use actors::auth::{Client, Clients};
pub(crate) use authorize::insufficient;
pub(crate) use caller::Caller;
pub(crate) use page_sessions::PageSessions;
pub(crate) use session_cookie::SessionCookie;
pub(crate) use verify::{AuthenticationError, Signature, Signed, authenticate};

#[cfg(test)]
mod tests;
