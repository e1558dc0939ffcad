//! What only the browser knows, and what is stored of it.

use base::Rng;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use db::sessions::SessionHash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// 256 random bits of a cookie or a link. There is no way to print one by accident.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    pub(crate) fn new(rng: &Rng) -> Self {
        Self(URL_SAFE_NO_PAD.encode(rng.bytes::<32>()))
    }

    /// Of what somebody sent.
    pub(crate) fn given(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As the browser keeps it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// By which it is found. The token cannot be had from it.
    pub(crate) fn hash(&self) -> SessionHash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Of a client's access token, to notice that it was reset. Whoever reads the database can compare it with nothing, as its
    /// key is the cookie's value.
    pub(super) fn fingerprint(&self, access_token: &str) -> SessionHash {
        // A key of any length is good.
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes());
        mac.map(|mac| mac.chain_update(access_token).finalize().into_bytes().into()).unwrap_or_default()
    }
}
