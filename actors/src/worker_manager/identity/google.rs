//! Instances of Compute Engine: a token of Google for this deployment, about the instance.

use protocol::time::Timestamp;
use serde::Deserialize;

use super::{Expected, IdentityError, KeySet, Proof, token};

const ISSUERS: &[&str] = &["https://accounts.google.com", "accounts.google.com"];

#[derive(Deserialize)]
struct Google {
    google: ComputeEngine,
}

#[derive(Deserialize)]
struct ComputeEngine {
    compute_engine: Instance,
}

#[derive(Deserialize)]
struct Instance {
    project_id: String,
    instance_id: String,
}

pub(super) fn verify(
    proof: &Proof,
    expected: &Expected<'_>,
    keys: &KeySet,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let token = Proof::part(proof.token.as_ref(), "token")?;
    let claims = token::open::<Google>(token, keys, ISSUERS, expected.root_url, now)?;
    let (settings, instance) = (&expected.settings.google, &claims.more.google.compute_engine);
    let pairs = [
        ("project", &instance.project_id, &settings.project),
        ("sub", &claims.sub, &settings.worker_service_account_id),
        ("instance_id", &instance.instance_id, &expected.worker.worker.worker_id),
    ];
    // What settings leave empty nothing is equal to.
    match pairs.iter().find(|(_, given, wanted)| wanted.is_empty() || given != wanted) {
        Some((name, ..)) => Err(IdentityError::Differs(name)),
        None => Ok(()),
    }
}
