use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use base::SealedText;
use chrono::TimeDelta;
use protocol::{
    scope::{ScopeSet, roles::TooManyScopes},
    time::Timestamp,
};

/// How exactly the last use of a client is recorded.
const USE_RESOLUTION: TimeDelta = TimeDelta::hours(6);

/// Who may sign requests.
pub struct Client {
    pub client_id: String,
    pub access_token: String,
    /// As they were given.
    pub scopes: Vec<String>,
    pub expires: Option<Timestamp>,
    pub disabled: bool,
    /// The token as it is stored, to recognise a changed one.
    pub(super) sealed: Option<SealedText>,
    /// Milliseconds since 1970 of the last use that was recorded.
    pub(super) used: AtomicI64,
    /// With what the roles of the same copy add.
    pub(super) expanded: OnceLock<Result<Arc<ScopeSet>, TooManyScopes>>,
    /// These, and what everybody may do.
    pub(super) with_anonymous: OnceLock<Result<Arc<ScopeSet>, TooManyScopes>>,
}

impl Client {
    /// A client that never expires.
    pub fn lasting(client_id: &str, access_token: &str, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            client_id: client_id.to_owned(),
            access_token: access_token.to_owned(),
            scopes: scopes.into_iter().map(Into::into).collect(),
            expires: None,
            disabled: false,
            sealed: None,
            used: AtomicI64::new(i64::MAX),
            expanded: OnceLock::new(),
            with_anonymous: OnceLock::new(),
        }
    }

    #[must_use]
    pub fn until(self, expires: Timestamp) -> Self {
        Self { expires: Some(expires), ..self }
    }

    #[must_use]
    pub fn disabled(self) -> Self {
        Self { disabled: true, ..self }
    }

    /// The same client beside other roles.
    pub(super) fn anew(&self) -> Self {
        Self {
            client_id: self.client_id.clone(),
            access_token: self.access_token.clone(),
            scopes: self.scopes.clone(),
            expires: self.expires,
            disabled: self.disabled,
            sealed: self.sealed.clone(),
            used: AtomicI64::new(self.used.load(Ordering::Relaxed)),
            expanded: OnceLock::new(),
            with_anonymous: OnceLock::new(),
        }
    }

    /// Whether this use is to be recorded: the first in a quarter of a day.
    pub(super) fn is_to_be_recorded(&self, now: Timestamp) -> bool {
        let (now, before) = (now.timestamp_millis(), self.used.load(Ordering::Relaxed));
        let due = now.checked_sub(before).is_some_and(|apart| apart > USE_RESOLUTION.num_milliseconds());
        due && self.used.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The token is not shown.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
