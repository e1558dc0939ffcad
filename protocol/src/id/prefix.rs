//! The first letters of an id.

use std::{fmt, str::FromStr};

use uuid::Uuid;

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Shorter ones would match many ids of a large installation.
const SHORTEST: usize = 6;
/// A slug has 22 letters.
const LONGEST: usize = 21;

/// The first letters of a slug, 6 to 21 of them. All ids that begin with them lie in one range of UUIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPrefix {
    text: String,
    bits: u128,
}

/// Why a text is no prefix of a slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the first letters of an id are {SHORTEST} to {LONGEST} of url-safe base64, like `fN1SbArX`")]
pub struct NotAPrefix;

impl IdPrefix {
    /// The lowest and the highest UUID that begin so. Both need not be of version 4.
    pub fn range(&self) -> (Uuid, Uuid) {
        // Six bits a letter: at least two bits are left, also of the longest prefix.
        let free = 128 - 6 * self.text.len();
        let low = self.bits << free;
        (Uuid::from_u128(low), Uuid::from_u128(low | ((1 << free) - 1)))
    }
}

impl FromStr for IdPrefix {
    type Err = NotAPrefix;

    fn from_str(text: &str) -> Result<Self, NotAPrefix> {
        if !(SHORTEST..=LONGEST).contains(&text.len()) {
            return Err(NotAPrefix);
        }
        let bits = text.bytes().try_fold(0_u128, |bits, byte| {
            let value = LETTERS.iter().position(|letter| *letter == byte)?;
            Some(bits << 6 | u128::try_from(value).ok()?)
        });
        Ok(Self { text: text.to_owned(), bits: bits.ok_or(NotAPrefix)? })
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
