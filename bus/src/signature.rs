//! Signatures of messages: an HMAC-SHA256 under a key that the processes of one installation share.
//!
//! Anybody who may publish on a broker's default exchange reaches every queue by its name. A `signed` subscription
//! accepts no message without a valid signature.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Message;

/// Domain separation: the secret is also used for other purposes.
const PURPOSE: &[u8] = b"drover/v1/message-key";

/// The key of an installation.
#[derive(Clone)]
pub struct MessageKey {
    key: [u8; 32],
    accepts_unsigned: bool,
}

/// The signed parts of a message: its destination, its call, and its body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'m> {
    pub(crate) exchange: &'m str,
    pub(crate) routing_key: &'m str,
    pub(crate) cc: &'m [String],
    pub(crate) id: &'m str,
    /// Of a call: the queue of its response.
    pub(crate) reply_to: &'m str,
    /// Of a call, and of its response.
    pub(crate) call: &'m str,
    pub(crate) body: &'m [u8],
}

/// Why a message is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureError {
    Unsigned,
    /// Signed under another key, or altered.
    Invalid,
    /// Signed for another exchange or queue.
    Destination,
}

impl MessageKey {
    /// From a secret of the installation that has many bits.
    pub fn from_secret(secret: &str) -> Self {
        Self { key: mac(secret.as_bytes(), |mac| mac.update(PURPOSE)), accepts_unsigned: false }
    }

    /// Also accepts messages without a signature: only while processes run that do not sign yet.
    #[must_use]
    pub fn accepting_unsigned(mut self, accepts_unsigned: bool) -> Self {
        self.accepts_unsigned = accepts_unsigned;
        self
    }

    /// Hexadecimal.
    pub(crate) fn sign(&self, signed: Signed<'_>) -> String {
        hex::encode(mac(&self.key, |mac| signed.feed(mac)))
    }

    pub(crate) fn check(&self, signed: Signed<'_>, signature: Option<&str>) -> Result<(), SignatureError> {
        let Some(signature) = signature else {
            return if self.accepts_unsigned { Ok(()) } else { Err(SignatureError::Unsigned) };
        };
        let signature = hex::decode(signature).map_err(|_| SignatureError::Invalid)?;
        let mut mac = keyed(&self.key);
        signed.feed(&mut mac);
        mac.verify_slice(&signature).map_err(|_| SignatureError::Invalid)
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

    /// Each part is prefixed with its length, so that no two messages are the same bytes.
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

impl SignatureError {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "it is not signed",
            Self::Invalid => "its signature is not of this installation",
            Self::Destination => "it was signed for another exchange or queue",
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
    fn only_what_was_signed_is_accepted() {
        let key = MessageKey::from_secret("a secret of the installation");
        let signature = key.sign(CALL);
        assert_eq!(signature.len(), 64);
        assert_eq!(key.check(CALL, Some(&signature)), Ok(()));
        for other in [
            Signed { body: b"CreateTasc", ..CALL },
            Signed { reply_to: "amq.gen-2", ..CALL },
            Signed { call: "c0ffef", ..CALL },
            Signed { routing_key: "drover/v1/other", ..CALL },
            Signed { exchange: "drover/v1/queue", routing_key: "", ..CALL },
            Signed { id: "c0ffee", call: "", ..CALL },
            Signed { cc: &["route.x".to_owned()], ..CALL },
        ] {
            assert_eq!(key.check(other, Some(&signature)), Err(SignatureError::Invalid), "{other:?}");
        }
        let another = MessageKey::from_secret("a secret of another installation");
        assert_eq!(another.check(CALL, Some(&signature)), Err(SignatureError::Invalid));
        for nonsense in ["", "zz", "00", &signature[2..]] {
            assert_eq!(key.check(CALL, Some(nonsense)), Err(SignatureError::Invalid), "{nonsense:?}");
        }
    }

    #[test]
    fn unsigned_messages_are_accepted_only_by_setting() {
        let key = MessageKey::from_secret("a secret of the installation");
        assert_eq!(key.check(CALL, None), Err(SignatureError::Unsigned));
        let lenient = key.clone().accepting_unsigned(true);
        assert_eq!(lenient.check(CALL, None), Ok(()));
        assert_eq!(
            lenient.check(CALL, Some("00")),
            Err(SignatureError::Invalid),
            "a wrong signature is worse than none"
        );
    }
}
