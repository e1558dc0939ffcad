use std::{fmt, sync::Arc};

use protocol::{scope::ScopeSet, time::Timestamp};

use super::Client;

/// What a signer may do, once the certificate and the restriction to fewer scopes were found valid.
pub struct Claim {
    /// Whose token it comes down to.
    pub client: Arc<Client>,
    /// What the request must be signed with.
    pub key: String,
    /// Expanded.
    pub scopes: Arc<ScopeSet>,
    /// When the credentials end; `None`: never.
    pub expires: Option<Timestamp>,
    /// From when to when the certificate is valid, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
}

/// The key is not shown.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("client", &self.client).finish_non_exhaustive()
    }
}
