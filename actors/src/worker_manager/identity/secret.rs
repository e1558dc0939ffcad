//! Proofs that are secrets.

use ring::digest::{SHA256, digest};

use super::{Expected, IdentityError, Proof};

/// The field of the provider data with the sealed secret of a static worker.
pub const STATIC_SECRET: &str = "staticSecret";
/// The field of the provider data with the hash of a local worker's secret.
pub const SECRET_SHA256: &str = "secretSha256";

/// Whether two secrets are equal. The time does not depend on where they differ: hashes are compared.
pub fn are_equal(one: &str, other: &str) -> bool {
    let hashes = [one, other].map(|text| digest(&SHA256, text.as_bytes()));
    let differing = hashes[0].as_ref().iter().zip(hashes[1].as_ref()).fold(0, |bits, (a, b)| bits | (a ^ b));
    std::hint::black_box(differing) == 0
}

pub(super) fn verify_static(proof: &Proof, expected: &Expected<'_>) -> Result<(), IdentityError> {
    let secret = Proof::part(proof.static_secret.as_ref(), STATIC_SECRET)?;
    let stored = expected.static_secret.as_deref().ok_or(IdentityError::Secret)?;
    if are_equal(stored, secret) { Ok(()) } else { Err(IdentityError::Secret) }
}

/// The secret is good once, since a second registration is refused.
pub(super) fn verify_local(proof: &Proof, expected: &Expected<'_>) -> Result<(), IdentityError> {
    let secret = Proof::part(proof.static_secret.as_ref(), STATIC_SECRET)?;
    let stored = expected.worker.provider_data.get(SECRET_SHA256).and_then(|value| value.as_str());
    let hash = hex::encode(digest(&SHA256, secret.as_bytes()));
    match stored {
        Some(stored) if are_equal(stored, &hash) => Ok(()),
        _ => Err(IdentityError::Secret),
    }
}
