//! Virtual machines of Azure: attested data, a PKCS#7 message that a certificate of the metadata service signed.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDateTime, Utc};
use cms::{cert::CertificateChoices, content_info::ContentInfo, signed_data::SignedData};
use der::{Decode, Encode, asn1::OctetString};
use protocol::time::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::Deserialize;
use x509_cert::Certificate;

use super::{Expected, IdentityError, KeySet, Proof, chain, der_limits, keys::pkcs1};

/// The field of the provider data with the id of the virtual machine.
pub const VM_ID: &str = "vmId";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attested {
    vm_id: String,
    time_stamp: TimeStamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeStamp {
    expires_on: String,
}

/// As Azure writes times: `11/28/18 06:16:17 -0000`.
const TIME: &str = "%m/%d/%y %H:%M:%S -0000";

pub(super) fn verify(
    proof: &Proof,
    expected: &Expected<'_>,
    keys: &KeySet,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let document = Proof::part(proof.document.as_ref(), "document")?;
    let letters: String = document.split_whitespace().collect();
    let message = STANDARD.decode(letters).map_err(|_| IdentityError::Form("document"))?;
    if !der_limits::are_kept(&message) {
        return Err(IdentityError::Form("document"));
    }
    let signed = signed_data(&message).ok_or(IdentityError::Form("PKCS#7"))?;
    let content = content(&signed).ok_or(IdentityError::Form("content"))?;
    check_signer(&signed, &content, keys, now)?;
    let attested: Attested = serde_json::from_slice(&content).map_err(|_| IdentityError::Form("content"))?;
    check_content(&attested, expected, now)
}

fn signed_data(message: &[u8]) -> Option<SignedData> {
    let info = ContentInfo::from_der(message).ok()?;
    SignedData::from_der(&info.content.to_der().ok()?).ok()
}

fn content(signed: &SignedData) -> Option<Vec<u8>> {
    let content = signed.encap_content_info.econtent.as_ref()?;
    let bytes: OctetString = content.decode_as().ok()?;
    Some(bytes.into_bytes())
}

/// One of the certificates of the message made the signature, over the content itself, and its chain is trusted.
fn check_signer(signed: &SignedData, content: &[u8], keys: &KeySet, now: Timestamp) -> Result<(), IdentityError> {
    let [info] = signed.signer_infos.0.as_slice() else { return Err(IdentityError::Form("signers")) };
    // Attributes would be what is signed in place of the content. Azure has none.
    if info.signed_attrs.is_some() {
        return Err(IdentityError::Form("signed attributes"));
    }
    let certificates: Vec<&Certificate> =
        signed.certificates.iter().flat_map(|set| set.0.iter()).filter_map(of_x509).collect();
    let is_by = |certificate: &&Certificate| {
        let key = pkcs1(&certificate.tbs_certificate.subject_public_key_info);
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(content, info.signature.as_bytes()).is_ok()
    };
    let found =
        certificates.iter().copied().filter(|certificate| chain::is_of_metadata_service(certificate)).find(is_by);
    let leaf = found.ok_or(IdentityError::Signature)?;
    let links: Vec<&Certificate> = certificates.iter().copied().chain(keys.intermediates()).collect();
    if chain::is_trusted(leaf, &links, keys.authorities(), now) { Ok(()) } else { Err(IdentityError::Chain) }
}

const fn of_x509(choice: &CertificateChoices) -> Option<&Certificate> {
    match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate),
        CertificateChoices::Other(_) => None,
    }
}

fn check_content(attested: &Attested, expected: &Expected<'_>, now: Timestamp) -> Result<(), IdentityError> {
    let vm_id = expected.worker.provider_data.get(VM_ID).and_then(|value| value.as_str());
    if !vm_id.is_some_and(|id| id.eq_ignore_ascii_case(&attested.vm_id)) {
        return Err(IdentityError::Differs("vmId"));
    }
    let until = NaiveDateTime::parse_from_str(&attested.time_stamp.expires_on, TIME);
    let until: DateTime<Utc> = until.map_err(|_| IdentityError::Form("expiresOn"))?.and_utc();
    if until > now { Ok(()) } else { Err(IdentityError::Time) }
}
