//! The signature of a web hook delivery.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// Why a delivery is not from somebody who knows the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the header `X-Hub-Signature-256` is missing: set the secret of the web hook")]
    Missing,
    #[error("the signature is not `sha256=` and 64 hexadecimal digits: SHA-1 signatures are not accepted")]
    Malformed,
    #[error("the signature does not match: is the secret of the web hook one of `github.webhook_secrets`?")]
    Mismatch,
}

const PREFIX: &str = "sha256=";

/// Anybody may send a body with a wrong signature, and JSON in memory takes some thirty times its text: a longer body is
/// not read before its signature is known to be right.
const MAX_COMPACTED: usize = 1 << 20;

/// Checks the signature with each secret, over the bytes as they came and, for senders that sign what a JSON library
/// makes of the body, over its compact form where the body has at most 1 MiB. Comparisons take the same time for every
/// signature.
pub fn verify(secrets: &[impl AsRef<str>], signature: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    let signature = signature.ok_or(SignatureError::Missing)?;
    let digits = signature.strip_prefix(PREFIX).ok_or(SignatureError::Malformed)?;
    let expected = digest(digits).ok_or(SignatureError::Malformed)?;
    if matches(secrets, &expected, body) {
        return Ok(());
    }
    if body.len() > MAX_COMPACTED {
        return Err(SignatureError::Mismatch);
    }
    let compact = serde_json::from_slice::<Value>(body).ok().map(|value| value.to_string());
    match compact {
        Some(compact) if compact.as_bytes() != body && matches(secrets, &expected, compact.as_bytes()) => Ok(()),
        _ => Err(SignatureError::Mismatch),
    }
}

fn matches(secrets: &[impl AsRef<str>], expected: &[u8; 32], body: &[u8]) -> bool {
    let of_secret = |secret: &str| {
        // HMAC takes keys of any length.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        !secret.is_empty() && mac.chain_update(body).verify_slice(expected).is_ok()
    };
    secrets.iter().any(|secret| of_secret(secret.as_ref()))
}

/// Only lower-case digits: GitHub sends nothing else.
fn digest(digits: &str) -> Option<[u8; 32]> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn check(signature: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
        verify(&["another", SECRET], signature, body)
    }

    #[test]
    fn the_documented_example_is_accepted_with_any_of_the_secrets() {
        assert_eq!(check(Some(SIGNATURE), BODY), Ok(()));
        assert_eq!(verify(&["another"], Some(SIGNATURE), BODY), Err(SignatureError::Mismatch));
    }

    #[test]
    fn without_secrets_nothing_is_accepted() {
        assert_eq!(verify(&[""; 0], Some(SIGNATURE), BODY), Err(SignatureError::Mismatch));
        assert_eq!(verify(&[""], Some(SIGNATURE), BODY), Err(SignatureError::Mismatch));
    }

    #[test]
    fn no_wrong_short_or_upper_case_signature_is_accepted_and_none_by_sha_1() {
        let upper = format!("sha256={}", SIGNATURE[7..].to_uppercase());
        let other = SIGNATURE.replace('7', "8");
        for (signature, error) in [
            (None, SignatureError::Missing),
            (Some(""), SignatureError::Malformed),
            (Some("sha256="), SignatureError::Malformed),
            (Some(upper.as_str()), SignatureError::Malformed),
            (Some("sha1=de0b5fde09ea3dcd79ae31fcda2a1b6cf2f8e08c"), SignatureError::Malformed),
            (Some(other.as_str()), SignatureError::Mismatch),
        ] {
            assert_eq!(check(signature, BODY), Err(error), "{signature:?}");
        }
        assert_eq!(check(Some(SIGNATURE), b"Hello, World"), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_signature_over_the_compact_form_of_the_body_is_accepted() {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(br#"{"a":1}"#);
        let digits = mac.finalize().into_bytes().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let signature = format!("sha256={digits}");
        assert_eq!(check(Some(&signature), b"{ \"a\": 1 }\n"), Ok(()));
        assert_eq!(check(Some(&signature), b"{ \"a\": 2 }\n"), Err(SignatureError::Mismatch));
        let long = format!("{{ \"a\": 1 }}{}", " ".repeat(MAX_COMPACTED));
        assert_eq!(check(Some(&signature), long.as_bytes()), Err(SignatureError::Mismatch), "it is not even read");
    }
}
