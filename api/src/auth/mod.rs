//! Authentication of callers, and the error where they lack scopes.

mod authorize;
mod caller;
mod verify;

pub(crate) use actors::auth::{Client, Clients};
pub(crate) use authorize::insufficient;
pub(crate) use caller::Caller;
pub(crate) use verify::{AuthenticationError, Signature, Signed, authenticate};

#[cfg(test)]
mod tests;
