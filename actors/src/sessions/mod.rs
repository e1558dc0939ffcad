//! Sessions of browsers: a cookie instead of credentials in the page.
//!
//! Owns: sessions and links that sign in once, in the database; nothing in memory.
//! Woken by: requests. Emits: nothing.
//!
//! A session stands for a stored client, or for a person whom an identity provider vouched for. What it may do follows from that
//! client and the roles of now, so a client that is disabled, expires or gets another access token ends its sessions at their next
//! request, and so does the last role of a person.

mod error;
mod identity;
#[cfg(test)]
mod tests;
mod token;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{
    Db,
    sessions::{NewSession, SessionHash, SessionRow},
};
pub use error::SessionError;
pub use identity::Identity;
use protocol::{scope::ScopeSet, time::Timestamp};
pub use token::Token;

use crate::{
    auth::{Client, Clients},
    kit::Limiter,
};

/// How long a session lasts without a request.
const IDLE: TimeDelta = TimeDelta::days(7);

/// The same for one that may do everything.
const IDLE_OF_ROOT: TimeDelta = TimeDelta::hours(8);

/// How long a session of a person lasts at most: then the identity provider is asked again.
const LONGEST_OF_PERSON: TimeDelta = TimeDelta::days(7);

/// How exactly the last use of a session is recorded.
const RECORD_AFTER: TimeDelta = TimeDelta::minutes(5);

/// How long a link is good for.
const LINK_LIFE: TimeDelta = TimeDelta::minutes(10);

/// Anybody can send cookies that mean nothing: looking for them takes no more connections than these.
const AT_ONCE: usize = 4;
const MAX_QUEUED: usize = 1000;
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sessions. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    clients: Clients,
    root_url: String,
    limiter: Limiter,
}

/// A session that has just begun.
pub struct StartedSession {
    pub token: Token,
    pub client_id: String,
    /// How long it lasts without a request.
    pub idle: TimeDelta,
}

/// A link that signs in once.
pub struct SignInLink {
    /// The token is behind a `#`, which browsers send to no server, so that it is in no log.
    pub url: String,
    pub expires: Timestamp,
}

/// Whose session a request belongs to.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub identity: Identity,
    /// Expanded.
    pub scopes: Arc<ScopeSet>,
    pub expires: Timestamp,
}

type Result<T, E = SessionError> = std::result::Result<T, E>;

impl Sessions {
    /// `root_url`: where browsers find the page, without a slash at the end.
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Rng, clients: Clients, root_url: &str) -> Self {
        let root_url = root_url.to_owned();
        Self { db, clock, rng, clients, root_url, limiter: Limiter::new(AT_ONCE, MAX_QUEUED) }
    }

    /// Begins a session of a client whose access token is known.
    pub async fn sign_in(&self, client_id: &str, access_token: &str) -> Result<StartedSession> {
        let token = Token::new(&self.rng);
        let wrong = || SessionError::WrongCredentials(client_id.to_owned());
        let client = self.usable(client_id).ok_or_else(wrong)?;
        // Compared by a hash with a random key, so that how long it takes says nothing about the token.
        if token.fingerprint(&client.access_token) != token.fingerprint(access_token) {
            return Err(wrong());
        }
        self.start(token, &client).await
    }

    /// Begins a session by a link, and uses the link up.
    pub async fn sign_in_by_link(&self, link: &str) -> Result<StartedSession> {
        let (hash, now) = (Token::given(link).hash(), self.clock.now());
        let client_id = self.limiter.read(TIMEOUT, self.db.sign_in_link_take(&hash, now)).await??;
        let client = client_id.and_then(|client_id| self.usable(&client_id));
        let client = client.ok_or_else(|| SessionError::LinkUsed(LINK_LIFE.num_minutes()))?;
        self.start(Token::new(&self.rng), &client).await
    }

    /// A link that signs in as this client, once. It is a credential that people paste and show, so there is none for a server
    /// that others reach.
    pub async fn link(&self, client_id: &str) -> Result<SignInLink> {
        if !is_loopback(&self.root_url) {
            return Err(SessionError::NotHere(self.root_url.clone()));
        }
        let client = self.usable(client_id).ok_or_else(|| SessionError::NoStoredClient(client_id.to_owned()))?;
        let (token, now) = (Token::new(&self.rng), self.clock.now());
        let expires = now + LINK_LIFE;
        self.db.sign_in_link_add(&token.hash(), &client.client_id, expires, now).await?;
        Ok(SignInLink { url: format!("{}/login/once#{}", self.root_url, token.reveal()), expires })
    }

    /// Begins a session of a person whom an identity provider vouched for.
    pub async fn sign_in_person(&self, identity: &Identity) -> Result<StartedSession> {
        let scopes = self.powers(identity).ok_or_else(|| SessionError::NoRoles(identity.client_id.clone()))?;
        self.begin(Token::new(&self.rng), identity, SessionHash::default(), &scopes).await
    }

    /// Whose session this is, and what it may do now.
    pub async fn find(&self, cookie: &str) -> Result<SignedIn> {
        let (token, now) = (Token::given(cookie), self.clock.now());
        let hash = token.hash();
        let found = self.limiter.read(TIMEOUT, self.db.session_find(&hash, RECORD_AFTER, now)).await??;
        let SessionRow { client_id, fingerprint, roles, created, mut expires } = found.ok_or(SessionError::Ended)?;
        let identity = Identity { client_id, roles };
        let scopes = self.powers(&identity).ok_or(SessionError::Ended)?;
        if identity.roles.is_some() {
            expires = expires.min(created + LONGEST_OF_PERSON);
        } else {
            let client = self.usable(&identity.client_id).ok_or(SessionError::Ended)?;
            if fingerprint != token.fingerprint(&client.access_token) {
                return Err(SessionError::Ended);
            }
            self.clients.used(&client, now);
            expires = client.expires.map_or(expires, |of_client| of_client.min(expires));
        }
        if expires <= now { Err(SessionError::Ended) } else { Ok(SignedIn { identity, scopes, expires }) }
    }

    /// What a client that can be used, or a person with any role, may do now.
    pub fn powers(&self, identity: &Identity) -> Option<Arc<ScopeSet>> {
        match identity.assumed() {
            None => self.clients.now().powers_of(self.usable(&identity.client_id)?.as_ref()).ok(),
            Some(assumed) => {
                let known = self.clients.now();
                let own = known.roles().expand(&assumed).ok()?;
                let has_role = own.as_slice().iter().any(|scope| !assumed.contains(scope));
                if has_role { known.powers_with(&assumed).ok() } else { None }
            }
        }
    }

    /// There is no such session afterwards.
    pub async fn end(&self, cookie: &str) -> Result<()> {
        let hash = Token::given(cookie).hash();
        Ok(self.limiter.read(TIMEOUT, self.db.session_end(&hash)).await??)
    }

    async fn start(&self, token: Token, client: &Client) -> Result<StartedSession> {
        let identity = Identity::client(&client.client_id);
        let scopes = self.clients.now().powers_of(client).unwrap_or_default();
        self.begin(token.clone(), &identity, token.fingerprint(&client.access_token), &scopes).await
    }

    async fn begin(
        &self,
        token: Token,
        identity: &Identity,
        fingerprint: SessionHash,
        scopes: &ScopeSet,
    ) -> Result<StartedSession> {
        let idle = if scopes.holds_everything() { IDLE_OF_ROOT } else { IDLE };
        let Identity { client_id, roles } = identity;
        let new = NewSession { session_id: token.hash(), client_id, fingerprint, roles: roles.as_deref(), idle };
        self.db.session_begin(&new, self.clock.now()).await?;
        Ok(StartedSession { token, client_id: client_id.clone(), idle })
    }

    fn usable(&self, client_id: &str) -> Option<Arc<Client>> {
        let known = self.clients.now();
        let now = self.clock.now();
        known.client(client_id).filter(|it| !it.disabled && it.expires.is_none_or(|expires| expires > now)).cloned()
    }
}

/// Whether a server with this root URL is reached from its own machine only.
fn is_loopback(root_url: &str) -> bool {
    let host = root_url.split_once("://").map_or(root_url, |(_, rest)| rest);
    let is_host =
        |name: &str| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    ["127.0.0.1", "localhost", "[::1]"].into_iter().any(is_host)
}
