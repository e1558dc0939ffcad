use std::sync::Arc;

use protocol::{scope::ScopeSet, time::Timestamp};

/// The sender of a request, with its scopes.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// `None`: the request was not signed.
    pub client_id: Option<String>,
    /// Expanded.
    pub scopes: Arc<ScopeSet>,
    /// When the credentials expire; `None`: never.
    pub expires: Option<Timestamp>,
    /// The signed hash of the body, if there is one.
    pub hash: Option<String>,
}

impl Caller {
    pub(crate) fn anonymous(scopes: Arc<ScopeSet>) -> Self {
        Self { client_id: None, scopes, expires: None, hash: None }
    }
}
