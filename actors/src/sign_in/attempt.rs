//! An attempt to sign in, as the browser keeps it until it is back.

use std::borrow::Cow;

use base::Rng;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use percent_encoding::percent_decode_str;
use protocol::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SignInError;

/// How long somebody may take at the provider.
pub const LIFE: TimeDelta = TimeDelta::minutes(10);

/// What ties what comes back to this browser (`state`), the identity token to this attempt (`nonce`), and the code to who asked for it
/// (`verifier`, RFC 7636).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    provider: String,
    pub state: String,
    pub nonce: String,
    verifier: String,
    pub(super) return_to: String,
    /// Milliseconds since 1970.
    began: i64,
}

impl Attempt {
    pub(super) fn new(provider: &str, return_to: Option<&str>, rng: &Rng, now: Timestamp) -> Self {
        let random = || URL_SAFE_NO_PAD.encode(rng.bytes::<32>());
        Self {
            provider: provider.to_owned(),
            state: random(),
            nonce: random(),
            verifier: random(),
            return_to: return_to.filter(|path| is_of_page(path)).unwrap_or("/").to_owned(),
            began: now.timestamp_millis(),
        }
    }

    /// `None` where it is of another provider or too old.
    pub(super) fn read(cookie: &str, provider: &str, now: Timestamp) -> Option<Self> {
        let attempt: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()?;
        let age = now.timestamp_millis().checked_sub(attempt.began)?;
        let is_young = (0..=LIFE.num_milliseconds()).contains(&age);
        (attempt.provider == provider && is_young && is_of_page(&attempt.return_to)).then_some(attempt)
    }

    /// As the browser keeps it.
    pub fn cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What the provider is sent of the verifier.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.as_bytes()))
    }

    /// What proves at the end that this is who began.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The code of the query with which the browser came back. Parameters that are not known are ignored.
    pub(super) fn code(&self, query: &str) -> Result<String, SignInError> {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            percent_decode_str(&value.replace('+', " ")).decode_utf8().ok().map(Cow::into_owned)
        };
        if value("state").is_none_or(|state| state != self.state) {
            return Err(SignInError::NoAttempt);
        }
        if let Some(error) = value("error") {
            let text = value("error_description").unwrap_or(error);
            return Err(SignInError::Denied(text.chars().take(200).collect()));
        }
        value("code").ok_or(SignInError::NoAttempt)
    }
}

/// Only paths of this page: a link from elsewhere must not lead away.
fn is_of_page(path: &str) -> bool {
    let mut letters = path.chars();
    let second = letters.by_ref().nth(1);
    path.starts_with('/') && !matches!(second, Some('/' | '\\')) && path.len() <= 2000 && !path.contains(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-27T12:00:00Z".parse().unwrap()
    }

    fn attempt(return_to: Option<&str>) -> Attempt {
        Attempt::new("oidc/company", return_to, &Rng::seeded(1), now())
    }

    #[test]
    fn an_attempt_is_good_for_its_provider_and_for_ten_minutes() {
        let cookie = attempt(Some("/hooks")).cookie();
        let read = |provider, after| Attempt::read(&cookie, provider, now() + after);
        assert_eq!(read("oidc/company", LIFE).unwrap().return_to, "/hooks");
        assert!(read("oidc/company", LIFE + TimeDelta::seconds(1)).is_none());
        assert!(read("oidc/other", TimeDelta::zero()).is_none());
        assert!(read("oidc/company", TimeDelta::seconds(-1)).is_none());
        assert!(Attempt::read("no cookie", "oidc/company", now()).is_none());
    }

    #[test]
    fn it_leads_to_no_other_place() {
        for path in ["//evil.example.com", "/\\evil.example.com", "https://evil.example.com", "", "a"] {
            assert_eq!(attempt(Some(path)).return_to, "/", "{path}");
        }
    }

    #[test]
    fn a_code_counts_with_the_state_of_this_attempt_only() {
        let attempt = attempt(None);
        let query = |rest: &str| format!("scope=x&state={}&{rest}", attempt.state);
        assert_eq!(attempt.code(&query("code=a%2Bb&iss=x")).unwrap(), "a+b");
        for wrong in ["code=a&state=other", "code=a", "", &query("x=1")] {
            assert!(matches!(attempt.code(wrong), Err(SignInError::NoAttempt)), "{wrong}");
        }
        let denied = attempt.code(&query("error=access_denied&error_description=not+you"));
        assert!(matches!(denied, Err(SignInError::Denied(text)) if text == "not you"));
    }

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        let attempt = Attempt { verifier, ..attempt(None) };
        assert_eq!(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
