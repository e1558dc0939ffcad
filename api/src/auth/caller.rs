use std::sync::Arc;

use protocol::{scope::ScopeSet, time::Timestamp};

/// Whoever sent a request, and what they may do.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// `None`: the request was not signed.
    pub client_id: Option<String>,
    /// Expanded.
    pub scopes: Arc<ScopeSet>,
    /// When the credentials end; `None`: never.
    pub expires: Option<Timestamp>,
    /// The hash of the body that was signed, if one was.
    pub hash: Option<String>,
}

impl Caller {
    pub(crate) fn anonymous(scopes: Arc<ScopeSet>) -> Self {
        Self { client_id: None, scopes, expires: None, hash: None }
    }
}
