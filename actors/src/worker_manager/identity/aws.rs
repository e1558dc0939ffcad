//! EC2 instances: their identity document with its signature.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
use serde_json::Value;

use super::{Expected, IdentityError, KeySet, Proof};

/// The fields of the document that must be as they were recorded when the instance was launched.
pub const FIELDS: [&str; 8] =
    ["privateIp", "accountId", "availabilityZone", "architecture", "imageId", "instanceId", "instanceType", "region"];

pub(super) fn verify(proof: &Proof, expected: &Expected<'_>, keys: &KeySet) -> Result<(), IdentityError> {
    let document = Proof::part(proof.document.as_ref(), "document")?;
    let signature = Proof::part(proof.signature.as_ref(), "signature")?;
    let letters: String = signature.split_whitespace().collect();
    let signature = STANDARD.decode(letters).map_err(|_| IdentityError::Form("signature"))?;
    // AWS signs with keys of 1024 bits.
    let parameters = &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
    if !keys.is_signed(parameters, None, document.as_bytes(), &signature) {
        return Err(IdentityError::Signature);
    }
    let document: Value = serde_json::from_str(document).map_err(|_| IdentityError::Form("document"))?;
    let recorded = &expected.worker.provider_data;
    let is_same = |field: &str| {
        let (given, recorded) = (document.get(field), recorded.get(field));
        given.is_some_and(Value::is_string) && given == recorded
    };
    if let Some(field) = FIELDS.into_iter().find(|field| !is_same(field)) {
        return Err(IdentityError::Differs(field));
    }
    if document["instanceId"] != expected.worker.worker.worker_id {
        return Err(IdentityError::Differs("instanceId"));
    }
    Ok(())
}
