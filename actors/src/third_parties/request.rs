//! What a third party asks for, as its link says it.

use chrono::TimeDelta;
use protocol::{form, scope::ScopeSet};

use super::{ResponseType, ThirdPartyError, ThirdPartySettings};

/// The query of `/login/oauth/authorize` (RFC 6749, 4.1.1 and 4.2.1; `expires` is Taskcluster's).
#[derive(Debug, Clone, Default)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    pub response_type: String,
    /// Scopes with spaces between them.
    pub scope: String,
    /// Given back to the third party as it is.
    pub state: Option<String>,
    /// For how long it wants its credentials, like `1 week`.
    pub expires: Option<String>,
}

impl AuthorizationRequest {
    /// The third party, if it may have its people sent back to this place.
    pub(super) fn third_party<'s>(
        &self,
        registered: &'s [ThirdPartySettings],
    ) -> Result<&'s ThirdPartySettings, ThirdPartyError> {
        let third_party = registered.iter().find(|it| it.client_id == self.client_id);
        let third_party = third_party.ok_or_else(|| ThirdPartyError::Unknown(self.client_id.clone()))?;
        if third_party.redirect_uris.contains(&self.redirect_uri) {
            return Ok(third_party);
        }
        Err(ThirdPartyError::RedirectUri { third_party: self.client_id.clone(), uri: self.redirect_uri.clone() })
    }

    /// All else must be as it is registered. For how long it gets credentials.
    pub(super) fn check(&self, registered: &ThirdPartySettings) -> Result<TimeDelta, ThirdPartyError> {
        let third_party = || self.client_id.clone();
        let expected = registered.response_type.as_str();
        if self.response_type != expected {
            return Err(ThirdPartyError::ResponseType { third_party: third_party(), expected });
        }
        let asked = ScopeSet::new(self.scope.split(' ').filter(|scope| !scope.is_empty()));
        if asked != ScopeSet::new(registered.scopes.iter().map(String::as_str)) {
            return Err(ThirdPartyError::Scope { third_party: third_party(), registered: registered.scopes.join(" ") });
        }
        let longest = registered.max_expires.delta();
        let Some(expires) = self.expires.as_deref().filter(|expires| !expires.trim().is_empty()) else {
            return Ok(longest);
        };
        let seconds = jsone::offset_seconds(expires).filter(|seconds| *seconds > 0);
        let life = seconds.and_then(TimeDelta::try_seconds);
        Ok(life.ok_or_else(|| ThirdPartyError::Expires(expires.to_owned()))?.min(longest))
    }

    /// Where the browser goes back to, with these values: in the query, or for an access token in the fragment, which browsers send to
    /// no server.
    pub(super) fn back_with(&self, values: &[(&str, &str)]) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        let pairs = form::encode(values.iter().copied().chain(state));
        let in_fragment = self.response_type == ResponseType::Token.as_str();
        let separator = match () {
            () if in_fragment => '#',
            () if self.redirect_uri.contains('?') => '&',
            () => '?',
        };
        format!("{}{separator}{pairs}", self.redirect_uri)
    }
}
