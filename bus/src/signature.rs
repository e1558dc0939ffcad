//! Who sent a message: each carries a code (HMAC-SHA256) under a key that the processes of one installation share.
//!
//! Whoever may publish on a broker's default exchange reaches every queue by its name. A subscription that is `signed`
//! takes nothing that lacks the code.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Message;

/// What the key is made of besides the secret, so that the secret can serve other purposes.
const PURPOSE: &[u8] = b"drover/v1/message-key";

/// The key of an installation.
#[derive(Clone)]
pub struct MessageKey {
    key: [u8; 32],
    accepts_unsigned: bool,
}

/// What a code speaks for: where a message goes, which call it is or answers, and what it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'m> {
    pub(crate) exchange: &'m str,
    pub(crate) routing_key: &'m str,
    pub(crate) cc: &'m [String],
    pub(crate) id: &'m str,
    /// Of a call: where its answer goes.
    pub(crate) reply_to: &'m str,
    /// Of a call, and of its answer.
    pub(crate) call: &'m str,
    pub(crate) body: &'m [u8],
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forged {
    Unsigned,
    /// Signed under another key, or altered.
    Signature,
    /// It is signed, for another place.
    Place,
}

impl MessageKey {
    /// From a secret of the installation that has many bits.
    pub fn from_secret(secret: &str) -> Self {
        Self { key: mac(secret.as_bytes(), |mac| mac.update(PURPOSE)), accepts_unsigned: false }
    }

    /// Also takes what carries no code at all: only while processes run that do not sign yet.
    #[must_use]
    pub fn accepting_unsigned(mut self, accepts_unsigned: bool) -> Self {
        self.accepts_unsigned = accepts_unsigned;
        self
    }

    /// The code, in hexadecimal digits.
    pub(crate) fn sign(&self, signed: Signed<'_>) -> String {
        let code: [u8; 32] = mac(&self.key, |mac| signed.feed(mac));
        code.iter().fold(String::with_capacity(64), |mut text, byte| {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            text.extend([digit(byte >> 4), digit(byte & 15)]);
            text
        })
    }

    pub(crate) fn check(&self, signed: Signed<'_>, code: Option<&str>) -> Result<(), Forged> {
        let Some(code) = code else {
            return if self.accepts_unsigned { Ok(()) } else { Err(Forged::Unsigned) };
        };
        let code = from_hexadecimal(code).ok_or(Forged::Signature)?;
        let mut mac = keyed(&self.key);
        signed.feed(&mut mac);
        mac.verify_slice(&code).map_err(|_| Forged::Signature)
    }
}

impl fmt::Debug for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKey")
    }
}

impl<'m> Signed<'m> {
    pub(crate) fn of(message: &'m Message) -> Self {
        let Message { exchange, routing_key, cc, id, body, .. } = message;
        Self { exchange, routing_key, cc, id, reply_to: "", call: "", body }
    }

    /// Each part with its length before it, so that no two messages feed the same bytes.
    fn feed(&self, mac: &mut Hmac<Sha256>) {
        let mut part = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        };
        for text in [self.exchange, self.routing_key, self.id, self.reply_to, self.call] {
            part(text.as_bytes());
        }
        part(self.body);
        self.cc.iter().for_each(|key| part(key.as_bytes()));
    }
}

impl Forged {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "it is not signed",
            Self::Signature => "its signature is not of this installation",
            Self::Place => "it was signed for another exchange or queue",
        }
    }
}

fn mac(key: &[u8], feed: impl FnOnce(&mut Hmac<Sha256>)) -> [u8; 32] {
    let mut mac = keyed(key);
    feed(&mut mac);
    mac.finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    }
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: Signed<'_> = Signed {
        exchange: "",
        routing_key: "drover/v1/queue",
        cc: &[],
        id: "",
        reply_to: "amq.gen-1",
        call: "c0ffee",
        body: b"CreateTask",
    };

    #[test]
    fn what_was_signed_is_taken_and_nothing_else() {
        let key = MessageKey::from_secret("a secret of the installation");
        let code = key.sign(CALL);
        assert_eq!(code.len(), 64);
        assert_eq!(key.check(CALL, Some(&code)), Ok(()));
        for other in [
            Signed { body: b"CreateTasc", ..CALL },
            Signed { reply_to: "amq.gen-2", ..CALL },
            Signed { call: "c0ffef", ..CALL },
            Signed { routing_key: "drover/v1/other", ..CALL },
            Signed { exchange: "drover/v1/queue", routing_key: "", ..CALL },
            Signed { id: "c0ffee", call: "", ..CALL },
            Signed { cc: &["route.x".to_owned()], ..CALL },
        ] {
            assert_eq!(key.check(other, Some(&code)), Err(Forged::Signature), "{other:?}");
        }
        let another = MessageKey::from_secret("a secret of another installation");
        assert_eq!(another.check(CALL, Some(&code)), Err(Forged::Signature));
        for nonsense in ["", "zz", "00", &code[2..]] {
            assert_eq!(key.check(CALL, Some(nonsense)), Err(Forged::Signature), "{nonsense:?}");
        }
    }

    #[test]
    fn the_unsigned_is_taken_only_where_settings_say_so() {
        let key = MessageKey::from_secret("a secret of the installation");
        assert_eq!(key.check(CALL, None), Err(Forged::Unsigned));
        let lenient = key.clone().accepting_unsigned(true);
        assert_eq!(lenient.check(CALL, None), Ok(()));
        assert_eq!(lenient.check(CALL, Some("00")), Err(Forged::Signature), "a wrong signature is worse than none");
    }
}
