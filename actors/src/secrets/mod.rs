//! Secrets: small pieces of JSON that only some may read.
//!
//! Owns: secrets, sealed, in the database; nothing in memory.
//! Woken by: requests; a timer, to reseal secrets that an older key sealed.
//! Emits: nothing; the history of auth records who changed what.

mod error;
mod reseal;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::{Clock, KeyRing, Rng};
use db::{Db, secrets::StoredSecret};
pub use error::SecretError;
use protocol::time::Timestamp;
use serde_json::{Map, Value};

use crate::kit::{Page, PageAfter};

/// The secrets service.
#[derive(Clone)]
pub struct Secrets {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    keys: Arc<KeyRing>,
}

/// A secret as its reader sees it. There is no way to print it by accident.
pub struct OpenSecret {
    /// JSON text of an object.
    pub secret: String,
    pub expires: Timestamp,
}

type Result<T, E = SecretError> = std::result::Result<T, E>;

impl Secrets {
    pub fn new(db: Db, clock: Arc<dyn Clock>, rng: Rng, keys: Arc<KeyRing>) -> Self {
        Self { db, clock, rng, keys }
    }

    /// Creates or replaces. `by` is the client that asks.
    pub async fn set(&self, name: &str, secret: &Map<String, Value>, expires: Timestamp, by: &str) -> Result<()> {
        let text = serde_json::to_string(secret).map_err(|_| SecretError::Unreadable(name.to_owned()))?;
        let sealed = self.keys.seal(&text, &purpose(name), &self.rng);
        let stored = StoredSecret { name: name.to_owned(), sealed, expires };
        Ok(self.db.secret_set(&stored, by, self.clock.now()).await?)
    }

    /// What was set, unless it has expired.
    pub async fn get(&self, name: &str) -> Result<OpenSecret> {
        let found = self.db.secret_get(name, self.clock.now()).await?;
        let stored = found.ok_or_else(|| SecretError::NoSuchSecret(name.to_owned()))?;
        Ok(OpenSecret { secret: self.open(&stored)?, expires: stored.expires })
    }

    /// There is no secret of this name afterwards.
    pub async fn remove(&self, name: &str, by: &str) -> Result<()> {
        Ok(self.db.secret_delete(name, by, self.clock.now()).await?)
    }

    /// The names of all that have not expired, in order.
    pub async fn list(&self, page: PageAfter<String>) -> Result<Page<String, String>> {
        let rows = self.db.secrets_list(page.after.as_deref(), page.rows(), self.clock.now()).await?;
        Ok(Page::cut(rows, page.limit, String::clone))
    }

    fn open(&self, stored: &StoredSecret) -> Result<String> {
        let opened = self.keys.open(&stored.sealed, &purpose(&stored.name));
        opened.map_err(|cause| SecretError::Sealed { name: stored.name.clone(), cause })
    }
}

/// A secret opens under its own name only.
fn purpose(name: &str) -> String {
    format!("secret {name}")
}
