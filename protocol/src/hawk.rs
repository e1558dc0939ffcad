//! Hawk: signatures of requests. HMAC-SHA256 over a few lines of text that describe the request.
//!
//! Pure functions: `api` finds the caller's key and compares times.

mod bewit;
mod header;

use base64::{Engine, engine::general_purpose::STANDARD};
pub use bewit::{Bewit, take_bewit};
pub use header::Header;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Why a request cannot be authenticated. The text reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HawkError {
    #[error("Bad Request: Header length too long")]
    HeaderTooLong,
    #[error("Bad Request: the signed URL is too long")]
    UrlTooLong,
    #[error("Unauthorized: the Authorization header is not of the scheme Hawk")]
    OtherScheme,
    #[error("Bad Request: the Authorization header is no list of name=\"value\"")]
    BadSyntax,
    #[error("Bad Request: unknown attribute in the Authorization header")]
    UnknownAttribute,
    #[error("Bad Request: an attribute stands twice in the Authorization header")]
    DuplicateAttribute,
    #[error("Bad Request: the Authorization header lacks id, ts, nonce or mac")]
    MissingAttribute,
    #[error("Bad Request: ts is no number of seconds")]
    BadTimestamp,
    #[error("Bad Request: the bewit parameter is no signed URL")]
    BadBewit,
    #[error("Unauthorized: Bad mac")]
    BadMac,
}

/// The fields that are signed, apart from the kind of signature.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    pub timestamp: &'a str,
    pub nonce: &'a str,
    /// Upper case.
    pub method: &'a str,
    /// Path and query exactly as sent.
    pub resource: &'a str,
    /// Lower case, without port.
    pub host: &'a str,
    pub port: u16,
    pub hash: &'a str,
    pub ext: &'a str,
}

impl Signed<'_> {
    fn mac(&self, kind: &str, key: &str) -> Hmac<Sha256> {
        let mut mac = keyed(key);
        let mut digits = [0u8; 5];
        let lines = [
            kind,
            self.timestamp,
            self.nonce,
            self.method,
            self.resource,
            self.host,
            decimal(self.port, &mut digits),
            self.hash,
        ];
        for line in lines {
            mac.update(line.as_bytes());
            mac.update(b"\n");
        }
        if self.ext.contains(['\\', '\n']) {
            mac.update(self.ext.replace('\\', "\\\\").replace('\n', "\\n").as_bytes());
        } else {
            mac.update(self.ext.as_bytes());
        }
        mac.update(b"\n");
        mac
    }

    /// Compares in constant time.
    fn check(&self, kind: &str, key: &str, given: &str) -> Result<(), HawkError> {
        let given = STANDARD.decode(given).map_err(|_| HawkError::BadMac)?;
        self.mac(kind, key).verify_slice(&given).map_err(|_| HawkError::BadMac)
    }
}

/// An HMAC with this key; every length of key is legal.
pub(crate) fn keyed(key: &str) -> Hmac<Sha256> {
    match Hmac::new_from_slice(key.as_bytes()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of every length"),
    }
}

fn decimal(number: u16, digits: &mut [u8; 5]) -> &str {
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            return std::str::from_utf8(&digits[at..]).unwrap_or("0");
        }
    }
}

/// The hash of a body for the `hash` attribute. Parameters of the content type do not count.
pub fn payload_hash(content_type: &str, body: &[u8]) -> String {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut hash = Sha256::new();
    hash.update(b"hawk.1.payload\n");
    hash.update(media_type.as_bytes());
    hash.update(b"\n");
    hash.update(body);
    hash.update(b"\n");
    STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_hash_is_that_of_the_check_vector() {
        let body = br#"{"reason":"worker-shutdown"}"#;
        let known = "8kvcWtk2AI74LYotos1jC/KLa/z5J9YdZozoRBfYDcg=";
        assert_eq!(payload_hash("application/json", body), known);
        assert_eq!(payload_hash(" Application/JSON ; charset=utf-8", body), known);
    }

    #[test]
    fn ports_are_written_in_decimal() {
        for port in [0, 7, 80, 443, 8080, 65535] {
            assert_eq!(decimal(port, &mut [0; 5]), port.to_string());
        }
    }
}
