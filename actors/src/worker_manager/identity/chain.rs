//! Chains of certificates, from the metadata service of Azure to an authority that is trusted.

use const_oid::db::rfc4519::COMMON_NAME;
use der::{
    Decode,
    asn1::{PrintableStringRef, Utf8StringRef},
};
use protocol::time::Timestamp;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    UnparsedPublicKey,
};
use x509_cert::{Certificate, ext::pkix::BasicConstraints};

use super::keys::{pkcs1, signed_part};

/// Certificates between the leaf and the authority.
const MAX_INTERMEDIATES: usize = 3;
/// Whose certificates sign attested data.
const METADATA_SERVICE: &str = "metadata.azure.com";

/// Whether the certificate names the metadata service or a host of it.
pub(super) fn is_of_metadata_service(certificate: &Certificate) -> bool {
    let names = certificate.tbs_certificate.subject.0.iter().flat_map(|part| part.0.iter());
    names.filter(|name| name.oid == COMMON_NAME).any(|name| {
        let utf8 = name.value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
        let text =
            utf8.or_else(|_| name.value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned()));
        text.is_ok_and(|text| text == METADATA_SERVICE || text.ends_with(&format!(".{METADATA_SERVICE}")))
    })
}

/// Whether an authority issued the certificate, directly or by authorities among `others`, all of them valid now.
pub(super) fn is_trusted(
    leaf: &Certificate,
    others: &[&Certificate],
    authorities: &[Certificate],
    now: Timestamp,
) -> bool {
    let mut current = leaf;
    for _ in 0..=MAX_INTERMEDIATES {
        if !is_valid(current, now) {
            return false;
        }
        if authorities.iter().any(|authority| is_valid(authority, now) && has_issued(authority, current)) {
            return true;
        }
        let issuer = others.iter().find(|other| **other != current && has_issued(other, current));
        let Some(issuer) = issuer else { return false };
        current = issuer;
    }
    false
}

fn is_valid(certificate: &Certificate, now: Timestamp) -> bool {
    let validity = &certificate.tbs_certificate.validity;
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    let at = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    (at(validity.not_before)..=at(validity.not_after)).contains(&seconds)
}

/// An issuer is an authority of the right name whose key signed the certificate.
fn has_issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let parameters = match certificate.signature_algorithm.oid {
        const_oid::db::rfc5912::SHA_256_WITH_RSA_ENCRYPTION => &RSA_PKCS1_2048_8192_SHA256,
        const_oid::db::rfc5912::SHA_384_WITH_RSA_ENCRYPTION => &RSA_PKCS1_2048_8192_SHA384,
        const_oid::db::rfc5912::SHA_512_WITH_RSA_ENCRYPTION => &RSA_PKCS1_2048_8192_SHA512,
        _ => return false,
    };
    issuer.tbs_certificate.subject == certificate.tbs_certificate.issuer
        && is_authority(issuer)
        && is_signed_by(parameters, issuer, certificate)
}

fn is_signed_by(parameters: &'static RsaParameters, issuer: &Certificate, certificate: &Certificate) -> bool {
    let (Some(message), Some(signature)) = (signed_part(certificate), certificate.signature.as_bytes()) else {
        return false;
    };
    let key = pkcs1(&issuer.tbs_certificate.subject_public_key_info);
    UnparsedPublicKey::new(parameters, key).verify(&message, signature).is_ok()
}

fn is_authority(certificate: &Certificate) -> bool {
    let extensions = certificate.tbs_certificate.extensions.iter().flatten();
    let constraints = extensions.filter(|it| it.extn_id == const_oid::db::rfc5912::ID_CE_BASIC_CONSTRAINTS);
    constraints.into_iter().any(|it| BasicConstraints::from_der(it.extn_value.as_bytes()).is_ok_and(|it| it.ca))
}
