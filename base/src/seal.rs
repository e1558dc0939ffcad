//! Encryption of stored secrets: AES-256-GCM with the newest key of a ring, decryption with any of them.
//!
//! To rotate keys, add a new one at the end of the ring, wait until everything is encrypted again, then remove the old one.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::{Rng, Secret};

/// The version of [`SealedText`].
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;

/// One key in the settings.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct SealingKey {
    /// Stored with every text that it sealed.
    pub id: String,
    /// Base64 of 32 random bytes.
    pub key: Secret,
}

/// A sealed text, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct SealedText {
    /// The key that opens it.
    pub kid: String,
    pub v: u8,
    /// Base64, as `box`.
    pub nonce: String,
    #[serde(rename = "box")]
    pub sealed: String,
}

/// Keys, of which the last one seals.
pub struct KeyRing {
    keys: Vec<(String, LessSafeKey)>,
}

/// Why the settings are not a valid key ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    #[error("there is no key; one is needed to seal what must not be read, and `openssl rand -base64 32` makes one")]
    Empty,
    #[error("the key `{0}` is not base64 of 32 bytes; `openssl rand -base64 32` makes one")]
    BadKey(String),
    #[error("the key id `{0}` is used twice; every key needs its own id")]
    Twice(String),
}

/// Why a sealed text cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    #[error("it was sealed with the key `{0}`, which is not among the sealing keys of the settings")]
    NoSuchKey(String),
    #[error("it was altered, or sealed for something else, or the key `{0}` is not the one it was sealed with")]
    Refused(String),
    #[error("its format is unknown")]
    Format,
}

impl KeyRing {
    pub fn new(keys: &[SealingKey]) -> Result<Self, KeyRingError> {
        let mut ring = Self { keys: Vec::with_capacity(keys.len()) };
        for SealingKey { id, key } in keys {
            if ring.find(id).is_some() {
                return Err(KeyRingError::Twice(id.clone()));
            }
            let key = open_key(key.reveal()).ok_or_else(|| KeyRingError::BadKey(id.clone()))?;
            ring.keys.push((id.clone(), key));
        }
        if ring.keys.is_empty() { Err(KeyRingError::Empty) } else { Ok(ring) }
    }

    /// Seals `text` so that it opens for the same `purpose` only: a sealed text that was copied to another row does not open.
    pub fn seal(&self, text: &str, purpose: &str, rng: &Rng) -> SealedText {
        let bytes: [u8; NONCE_LEN] = rng.bytes();
        let mut sealed = text.as_bytes().to_vec();
        let (kid, key) = self.newest();
        let sealing =
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key(bytes), Aad::from(purpose), &mut sealed);
        // It fails for texts of many gigabytes alone, which no memory of ours can hold.
        sealing.unwrap_or_else(|_| unreachable!("the text is too long to be sealed"));
        SealedText { kid: kid.clone(), v: VERSION, nonce: STANDARD.encode(bytes), sealed: STANDARD.encode(sealed) }
    }

    pub fn open(&self, sealed: &SealedText, purpose: &str) -> Result<String, UnsealError> {
        if sealed.v != VERSION {
            return Err(UnsealError::Format);
        }
        let key = self.find(&sealed.kid).ok_or_else(|| UnsealError::NoSuchKey(sealed.kid.clone()))?;
        let nonce = STANDARD.decode(&sealed.nonce).ok();
        let nonce = nonce.and_then(|bytes| Nonce::try_assume_unique_for_key(&bytes).ok()).ok_or(UnsealError::Format)?;
        let mut bytes = STANDARD.decode(&sealed.sealed).map_err(|_| UnsealError::Format)?;
        let text = key.open_in_place(nonce, Aad::from(purpose), &mut bytes);
        let text = text.map_err(|_| UnsealError::Refused(sealed.kid.clone()))?;
        String::from_utf8(text.to_vec()).map_err(|_| UnsealError::Format)
    }

    /// Whether it was sealed with another key than the newest, and should be sealed anew.
    pub fn is_old(&self, sealed: &SealedText) -> bool {
        sealed.kid != self.newest().0
    }

    fn newest(&self) -> &(String, LessSafeKey) {
        &self.keys[self.keys.len() - 1]
    }

    fn find(&self, id: &str) -> Option<&LessSafeKey> {
        self.keys.iter().find(|(known, _)| known == id).map(|(_, key)| key)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

impl SealingKey {
    /// A fresh key.
    pub fn make(id: &str, rng: &Rng) -> Self {
        Self { id: id.to_owned(), key: STANDARD.encode(rng.bytes::<KEY_BYTES>()).into() }
    }
}

fn open_key(text: &str) -> Option<LessSafeKey> {
    let bytes = STANDARD.decode(text).ok()?;
    UnboundKey::new(&AES_256_GCM, &bytes).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, seed: u64) -> SealingKey {
        SealingKey::make(id, &Rng::seeded(seed))
    }

    fn ring(keys: &[SealingKey]) -> KeyRing {
        KeyRing::new(keys).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only() {
        let (keys, rng) = (ring(&[key("a", 1)]), Rng::seeded(9));
        let sealed = keys.seal("secret", "client me", &rng);
        assert_eq!(keys.open(&sealed, "client me").unwrap(), "secret");
        assert_eq!(keys.open(&sealed, "client you"), Err(UnsealError::Refused("a".to_owned())));
        assert_ne!(keys.seal("secret", "client me", &rng), sealed);
        assert!(!serde_json::to_string(&sealed).unwrap().contains("secret"));
    }

    #[test]
    fn the_last_key_seals_and_all_open() {
        let rng = Rng::seeded(9);
        let before = ring(&[key("a", 1)]).seal("secret", "p", &rng);
        let both = ring(&[key("a", 1), key("b", 2)]);
        assert!(both.is_old(&before));
        assert_eq!(both.open(&before, "p").unwrap(), "secret");
        let after = both.seal("secret", "p", &rng);
        assert!(!both.is_old(&after));
        assert_eq!(ring(&[key("a", 1)]).open(&after, "p"), Err(UnsealError::NoSuchKey("b".to_owned())));
        assert_eq!(ring(&[key("b", 3)]).open(&after, "p"), Err(UnsealError::Refused("b".to_owned())));
    }

    #[test]
    fn an_altered_text_does_not_open() {
        let ring = ring(&[key("a", 1)]);
        let sealed = ring.seal("secret", "p", &Rng::seeded(9));
        let mut bytes = STANDARD.decode(&sealed.sealed).unwrap();
        bytes[0] ^= 1;
        let altered = SealedText { sealed: STANDARD.encode(&bytes), ..sealed.clone() };
        assert!(ring.open(&altered, "p").is_err());
        assert_eq!(ring.open(&SealedText { nonce: "AAAA".to_owned(), ..sealed }, "p"), Err(UnsealError::Format));
    }

    #[test]
    fn keys_that_cannot_be_used_are_named() {
        let short = SealingKey { id: "s".to_owned(), key: "c2hvcnQ=".into() };
        assert_eq!(KeyRing::new(&[short]).unwrap_err(), KeyRingError::BadKey("s".to_owned()));
        assert_eq!(KeyRing::new(&[]).unwrap_err(), KeyRingError::Empty);
        assert_eq!(KeyRing::new(&[key("a", 1), key("a", 2)]).unwrap_err(), KeyRingError::Twice("a".to_owned()));
    }
}
