//! Access tokens, and how they are kept.

use base::{Rng, SealedText};
use protocol::id::TaskId;

use super::{AuthError, Inner, Result};

/// 44 letters: two slugids, as clients are used to.
pub fn access_token(rng: &Rng) -> String {
    format!("{}{}", TaskId::from_random(rng.uuid_bytes()), TaskId::from_random(rng.uuid_bytes()))
}

impl Inner {
    pub(super) fn seal(&self, client_id: &str, token: &str) -> SealedText {
        self.keys.seal(token, &purpose(client_id), &self.rng)
    }

    pub(super) fn open(&self, client_id: &str, sealed: &SealedText) -> Result<String> {
        let opened = self.keys.open(sealed, &purpose(client_id));
        opened.map_err(|cause| AuthError::Sealed { client_id: client_id.to_owned(), cause })
    }
}

/// A token opens beside its own client only.
fn purpose(client_id: &str) -> String {
    format!("access token of {client_id}")
}
