use super::{Body, Permit, Requester};
use crate::auth::{AuthenticationError, Caller};

/// What belongs to a request besides its text.
pub(super) struct Received {
    /// Who signed; the hash of the body is not compared yet.
    pub caller: Result<Caller, AuthenticationError>,
    pub requester: Requester,
    /// The body, where the handler reads it while it arrives.
    pub stream: Body,
    /// Held for a large body as long as the request lasts.
    pub memory: Option<Permit>,
}
