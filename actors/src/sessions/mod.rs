//! Sessions of browsers: a cookie instead of credentials in the page.
//!
//! Owns: sessions and links that sign in once, in the database; nothing in memory.
//! Woken by: requests. Emits: nothing.
//!
//! A session stands for a client. What it may do follows from that client and the roles of now, so a client that is disabled,
//! expires or gets another access token ends its sessions at their next request.

mod error;
#[cfg(test)]
mod tests;
mod token;

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng};
use chrono::TimeDelta;
use db::{Db, sessions::NewSession};
pub use error::SessionError;
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
    pub client_id: String,
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

    /// Whose session this is, and what its client may do now.
    pub async fn find(&self, cookie: &str) -> Result<SignedIn> {
        let (token, now) = (Token::given(cookie), self.clock.now());
        let hash = token.hash();
        let found = self.limiter.read(TIMEOUT, self.db.session_use(&hash, RECORD_AFTER, now)).await??;
        let found = found.ok_or(SessionError::Ended)?;
        let client = self.usable(&found.client_id).ok_or(SessionError::Ended)?;
        if found.fingerprint != token.fingerprint(&client.access_token) {
            return Err(SessionError::Ended);
        }
        let scopes = self.clients.now().powers_of(&client).map_err(|_| SessionError::Ended)?;
        self.clients.used(&client, now);
        let expires = client.expires.map_or(found.expires, |expires| expires.min(found.expires));
        Ok(SignedIn { client_id: found.client_id, scopes, expires })
    }

    /// There is no such session afterwards.
    pub async fn end(&self, cookie: &str) -> Result<()> {
        let hash = Token::given(cookie).hash();
        Ok(self.limiter.read(TIMEOUT, self.db.session_end(&hash)).await??)
    }

    async fn start(&self, token: Token, client: &Client) -> Result<StartedSession> {
        let scopes = self.clients.now().powers_of(client);
        let is_root = scopes.is_ok_and(|scopes| scopes.holds_everything());
        let idle = if is_root { IDLE_OF_ROOT } else { IDLE };
        let (session_id, fingerprint) = (token.hash(), token.fingerprint(&client.access_token));
        let new = NewSession { session_id, client_id: &client.client_id, fingerprint, idle };
        self.db.session_add(&new, self.clock.now()).await?;
        Ok(StartedSession { token, client_id: client.client_id.clone(), idle })
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
