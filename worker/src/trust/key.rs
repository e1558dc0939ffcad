//! The key of a worker, in the form of generic-worker: the 64 bytes of seed and public key, as base64.

use std::{
    fmt::{self, Debug},
    sync::Arc,
};

use base::Rng;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{Ed25519KeyPair, KeyPair};

const SEED_BYTES: usize = 32;

/// An Ed25519 key. Its secret half is never printed.
#[derive(Clone)]
pub struct SigningKey(Arc<Ed25519KeyPair>);

/// Why a text is no key. It repeats nothing of the text.
#[derive(Debug, thiserror::Error)]
#[error("it is not the base64 form of an Ed25519 key, which has 64 bytes (seed and public key) or 32 (the seed)")]
pub struct KeyError;

impl SigningKey {
    /// Also takes the seed alone, as scriptworker has it.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError)?;
        let pair = match bytes.split_at_checked(SEED_BYTES).ok_or(KeyError)? {
            (seed, []) => Ed25519KeyPair::from_seed_unchecked(seed),
            (seed, public) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
        };
        pair.map(|pair| Self(Arc::new(pair))).map_err(|_| KeyError)
    }

    /// A new key, and its base64 form.
    pub fn generate(rng: &Rng) -> Result<(Self, String), KeyError> {
        let seed = rng.bytes::<SEED_BYTES>();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError)?;
        let text = STANDARD.encode([&seed, pair.public_key().as_ref()].concat());
        Ok((Self(Arc::new(pair)), text))
    }

    /// As base64: what those who verify are given.
    pub fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key())
    }

    /// The detached signature, 64 bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }
}

impl Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_new_key_is_read_again_whole_and_by_its_seed() {
        let (key, text) = SigningKey::generate(&Rng::seeded(1)).unwrap();
        let bytes = STANDARD.decode(&text).unwrap();
        assert_eq!(bytes.len(), 64);
        for form in [format!("{text}\n"), STANDARD.encode(&bytes[..32])] {
            let read = SigningKey::from_base64(&form).unwrap();
            assert_eq!(read.public_key(), key.public_key());
            let public = UnparsedPublicKey::new(&ED25519, STANDARD.decode(read.public_key()).unwrap());
            let signature = read.sign(b"text");
            assert!(public.verify(b"text", &signature).is_ok() && public.verify(b"next", &signature).is_err());
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let (_, text) = SigningKey::generate(&Rng::seeded(1)).unwrap();
        let mut other = STANDARD.decode(&text).unwrap();
        other[63] ^= 1;
        for wrong in ["", "secret", &text[..40], &STANDARD.encode(other), &STANDARD.encode([0; 65])] {
            let error = SigningKey::from_base64(wrong).unwrap_err().to_string();
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
        assert!(!format!("{:?}", SigningKey::from_base64(&text).unwrap()).contains(&text));
    }
}
