//! Tokens of installations, in memory only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base::Secret;
use chrono::TimeDelta;
use protocol::time::{self, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::call::CallError;

/// Tokens by installation. Those who need the same one at the same time wait for one request.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<i64, Arc<AsyncMutex<Option<Token>>>>>);

#[derive(Clone)]
pub(crate) struct Token {
    pub secret: Secret,
    expires: Timestamp,
}

/// A token is renewed this long before its end.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

impl Tokens {
    /// The token of an installation; where there is none that is good for a while, `make` asks for one.
    pub(crate) async fn get(
        &self,
        installation: i64,
        now: Timestamp,
        make: impl Future<Output = Result<Token, CallError>>,
    ) -> Result<Secret, CallError> {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(installation).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref().filter(|token| token.expires - MARGIN > now) {
            return Ok(token.secret.clone());
        }
        let token = make.await?;
        Ok(slot.insert(token).secret.clone())
    }

    /// GitHub does not take it any more.
    pub(crate) fn forget(&self, installation: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&installation);
    }
}

impl Token {
    pub(crate) fn read(answer: &Value) -> Result<Self, CallError> {
        let unreadable =
            || CallError::Unavailable { reason: "GitHub's answer holds no token".to_owned(), is_ambiguous: false };
        let secret = answer["token"].as_str().ok_or_else(unreadable)?;
        let expires = answer["expires_at"].as_str().and_then(time::parse).ok_or_else(unreadable)?;
        Ok(Self { secret: Secret::from(secret), expires })
    }
}
