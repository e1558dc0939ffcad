//! Signing in by an identity provider: the browser goes there and comes back with a code, which names a person.
//!
//! Owns: nothing; an attempt is in a cookie of the browser.
//! Woken by: requests. Emits: nothing.

mod attempt;
mod names;
mod provider;
mod settings;

use std::{sync::Arc, time::Duration};

pub use attempt::{Attempt, LIFE as ATTEMPT_LIFE};
use base::{Clock, Rng};
pub use names::encoded;
pub use provider::{IdentityProvider, ProviderError, SignInError};
pub use settings::{GithubSignInSettings, OidcSettings, SignInSettings};

use crate::{
    kit::Limiter,
    sessions::{Sessions, StartedSession},
};

/// Anybody can begin an attempt, and end one with a code that is none: providers are asked by no more than these at a time.
const AT_ONCE: usize = 8;
const MAX_QUEUED: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(25);

/// Ways to sign in by identity providers. Cheap to clone.
#[derive(Clone)]
pub struct SignIn {
    providers: Arc<[Arc<dyn IdentityProvider>]>,
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    rng: Rng,
    limiter: Limiter,
}

/// A provider, as the page shows it.
pub struct Way {
    /// Where the browser goes.
    pub path: String,
    pub title: String,
}

impl SignIn {
    pub fn new(providers: Vec<Arc<dyn IdentityProvider>>, sessions: Sessions, clock: Arc<dyn Clock>, rng: Rng) -> Self {
        let limiter = Limiter::new(AT_ONCE, MAX_QUEUED);
        Self { providers: providers.into(), sessions, clock, rng, limiter }
    }

    /// All of them, in the order of the settings.
    pub fn ways(&self) -> impl Iterator<Item = Way> {
        let way = |it: &Arc<dyn IdentityProvider>| Way { path: format!("/login/{}", it.path()), title: it.title() };
        self.providers.iter().map(way)
    }

    /// Where the browser goes, and what it is to bring back besides.
    pub async fn begin(&self, path: &str, return_to: Option<&str>) -> Result<(String, Attempt), SignInError> {
        let provider = self.provider(path)?;
        let attempt = Attempt::new(path, return_to, &self.rng, self.clock.now());
        let url = self.limiter.read(TIMEOUT, provider.authorization_url(&attempt)).await??;
        Ok((url, attempt))
    }

    /// The browser is back, with this query and what it was given.
    pub async fn finish(&self, path: &str, query: &str, cookie: Option<&str>) -> Result<Finished, SignInError> {
        let provider = self.provider(path)?;
        let attempt = cookie.and_then(|cookie| Attempt::read(cookie, path, self.clock.now()));
        let attempt = attempt.ok_or(SignInError::NoAttempt)?;
        let code = attempt.code(query)?;
        let identity = self.limiter.read(TIMEOUT, provider.identify(&code, &attempt)).await??;
        let session = self.sessions.sign_in_person(&identity).await?;
        Ok(Finished { session, return_to: attempt.return_to })
    }

    fn provider(&self, path: &str) -> Result<&Arc<dyn IdentityProvider>, SignInError> {
        self.providers.iter().find(|it| it.path() == path).ok_or_else(|| SignInError::NoProvider(path.to_owned()))
    }
}

/// Somebody is signed in.
pub struct Finished {
    pub session: StartedSession,
    /// A path of the page.
    pub return_to: String,
}
