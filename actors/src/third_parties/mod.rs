//! Third parties: applications such as Treeherder that ask people who are signed in for credentials, by OAuth 2 as Taskcluster speaks
//! it (`code` and `token` flow).
//!
//! Owns: what was allowed and not used yet, in the database.
//! Woken by: requests. Emits: nothing.
//!
//! The browser comes with a request, the person sees who asks for what and decides, and the browser goes back with a code, which the third
//! party exchanges for an access token, and this for the credentials of a client made for it. That client is a derived one: it
//! loses its scopes with the person.

mod error;
mod request;
mod settings;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{
    Db,
    third_parties::{GrantKey, ThirdPartyGrant},
};
pub use error::ThirdPartyError;
use protocol::{scope::ScopeSet, time::Timestamp};
pub use request::AuthorizationRequest;
pub use settings::{ResponseType, ThirdPartySettings, check_third_parties};

use crate::{
    auth::ClientBody,
    derived_clients::{DerivedClientError, DerivedClients},
    kit::Limiter,
    sessions::{Identity, SignedIn, Token},
};

/// How long a code is good for, and an access token.
const GRANT_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Credentials are said to end so much earlier, so that they are renewed in time.
const EARLIER: TimeDelta = TimeDelta::seconds(30);

/// Anybody can send codes and tokens that mean nothing.
const AT_ONCE: usize = 4;
const MAX_QUEUED: usize = 1000;
const TIMEOUT: Duration = Duration::from_secs(10);

/// Third parties. Cheap to clone.
#[derive(Clone)]
pub struct ThirdParties {
    registered: Arc<[ThirdPartySettings]>,
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    derived: DerivedClients,
    limiter: Limiter,
}

/// What a person is asked.
#[derive(Debug, Clone)]
pub struct Consent {
    pub third_party: String,
    pub redirect_uri: String,
    /// What it would get.
    pub scopes: Vec<String>,
    /// What it asks for and the person does not hold.
    pub not_held: Vec<String>,
    /// The client that is made for it.
    pub client_id: String,
    pub expires: Timestamp,
    /// The settings say that the person need not be asked.
    pub skip: bool,
    /// What the person lacks to allow it at all.
    pub lacking: Vec<String>,
}

/// Credentials of a third party.
#[derive(Debug, Clone)]
pub struct ThirdPartyCredentials {
    pub client_id: String,
    pub access_token: String,
    pub expires: Timestamp,
}

type Result<T, E = ThirdPartyError> = std::result::Result<T, E>;

impl ThirdParties {
    pub fn new(
        registered: &[ThirdPartySettings],
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Rng,
        derived: DerivedClients,
    ) -> Self {
        Self { registered: registered.into(), db, clock, rng, derived, limiter: Limiter::new(AT_ONCE, MAX_QUEUED) }
    }

    /// What the person is asked. The id of the client is an example: it ends differently each time.
    pub fn consent(&self, request: &AuthorizationRequest, person: &SignedIn) -> Result<Consent> {
        let third_party = request.third_party(&self.registered)?;
        let life = request.check(third_party)?;
        let asked = ScopeSet::new(third_party.scopes.iter().map(String::as_str));
        let scopes = asked.intersection(&person.scopes).into_vec();
        let not_held = asked.as_slice().iter().filter(|scope| !person.scopes.satisfies(scope)).cloned().collect();
        let client_id = self.client_id(&person.identity, &third_party.client_id);
        let lacking = self.derived.lacking(&person.identity, &client_id, &scopes);
        Ok(Consent {
            third_party: third_party.client_id.clone(),
            redirect_uri: request.redirect_uri.clone(),
            scopes,
            not_held,
            client_id,
            expires: self.clock.now() + life,
            skip: third_party.skip_consent,
            lacking,
        })
    }

    /// The person allows it: where the browser goes now.
    pub async fn allow(&self, request: &AuthorizationRequest, person: &SignedIn) -> Result<String> {
        let consent = self.consent(request, person)?;
        let Identity { client_id: granted_by, roles } = person.identity.clone();
        if !consent.lacking.is_empty() {
            return Err(DerivedClientError::Lacking(granted_by, consent.lacking).into());
        }
        let grant = ThirdPartyGrant {
            description: format!("Made by {granted_by} for the third party {}.", consent.third_party),
            third_party: consent.third_party,
            granted_by,
            roles,
            client_id: consent.client_id,
            scopes: consent.scopes,
            client_expires: consent.expires,
        };
        let (token, now) = (Token::new(&self.rng), self.clock.now());
        let is_code = request.response_type == ResponseType::Code.as_str();
        let (grant_id, redirect_uri) = (token.hash(), request.redirect_uri.as_str());
        let key = GrantKey { grant_id, is_code, redirect_uri, expires: now + GRANT_LIFE };
        self.db.third_party_grant_add(&key, &grant, now).await?;
        let values: &[(&str, &str)] = if is_code {
            &[("code", token.reveal())]
        } else {
            &[("access_token", token.reveal()), ("token_type", "Bearer"), ("expires_in", "600")]
        };
        Ok(request.back_with(values))
    }

    /// The person does not: where the browser goes now.
    pub fn deny(&self, request: &AuthorizationRequest) -> Result<String> {
        request.third_party(&self.registered)?;
        Ok(request.back_with(&[("error", "access_denied")]))
    }

    /// Where the browser is sent back to because of this error. `None`: nowhere.
    pub fn back_for(&self, request: &AuthorizationRequest, error: &ThirdPartyError) -> Option<String> {
        request.third_party(&self.registered).ok()?;
        Some(request.back_with(&[("error", error.oauth_code()?), ("error_description", &error.to_string())]))
    }

    /// An access token for a code, which is used up.
    pub async fn exchange(&self, client_id: &str, redirect_uri: &str, code: &str) -> Result<Token> {
        let (token, now) = (Token::new(&self.rng), self.clock.now());
        let (code_id, token_id, expires) = (Token::given(code).hash(), token.hash(), now + GRANT_LIFE);
        let exchange = self.db.third_party_code_exchange(&code_id, client_id, redirect_uri, &token_id, expires, now);
        if self.limiter.read(TIMEOUT, exchange).await?? { Ok(token) } else { Err(ThirdPartyError::Code) }
    }

    /// The credentials that an access token stands for. The client is made now; again soon after, they are the same.
    pub async fn credentials(&self, access_token: &str) -> Result<ThirdPartyCredentials> {
        let (token_id, now) = (Token::given(access_token).hash(), self.clock.now());
        let found = self.limiter.read(TIMEOUT, self.db.third_party_grant(&token_id, now)).await??;
        let grant = found.filter(|grant| grant.client_expires > now).ok_or(ThirdPartyError::AccessToken)?;
        let maker = Identity { client_id: grant.granted_by, roles: grant.roles };
        let body = ClientBody {
            description: grant.description,
            expires: grant.client_expires,
            scopes: Some(grant.scopes),
            delete_on_expiration: true,
        };
        let (client, access_token) = self.derived.create(&maker, &grant.client_id, body).await?;
        Ok(ThirdPartyCredentials { client_id: client.client_id, access_token, expires: client.expires - EARLIER })
    }

    fn client_id(&self, maker: &Identity, third_party: &str) -> String {
        let letters = self.rng.bytes::<6>().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        format!("{}{third_party}-{}", maker.derived_prefix(), letters.iter().collect::<String>())
    }
}

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
