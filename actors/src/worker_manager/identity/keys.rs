//! Public keys of providers.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use der::{Decode, Encode};
use ring::signature::{RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use x509_cert::{Certificate, spki::SubjectPublicKeyInfoOwned};

use super::pem;
use crate::worker_manager::ProviderType;

/// The public keys of one provider.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<RsaKey>,
    /// Certificate authorities that are trusted.
    authorities: Vec<Certificate>,
    /// Certificates that are trusted only where an authority issued them.
    intermediates: Vec<Certificate>,
}

#[derive(Debug, Clone)]
struct RsaKey {
    id: Option<String>,
    key: Key,
}

#[derive(Debug, Clone)]
enum Key {
    /// An `RSAPublicKey` of PKCS#1, in DER.
    Pkcs1(Vec<u8>),
    Components {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("providers of type {0} have no keys")]
    NoKeys(&'static str),
    #[error("it is no JWKS with RSA keys: {0}")]
    Jwks(String),
    #[error("it is no PEM with public keys or certificates: {0}")]
    Pem(String),
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    kty: String,
    n: Option<String>,
    e: Option<String>,
}

impl KeySet {
    /// Adds the keys of a text: PEM, or a JWKS.
    pub fn add(&mut self, provider_type: ProviderType, text: &str) -> Result<(), KeyError> {
        match provider_type {
            ProviderType::Google | ProviderType::Kubernetes => self.add_jwks(text),
            ProviderType::Aws | ProviderType::Azure => self.add_pem(text),
            ProviderType::Static | ProviderType::Local | ProviderType::Null => {
                Err(KeyError::NoKeys(provider_type.as_str()))
            }
        }
    }

    /// The keys of a JWKS.
    pub fn of_jwks(text: &str) -> Result<Self, KeyError> {
        let mut keys = Self::default();
        keys.add_jwks(text)?;
        Ok(keys)
    }

    /// Adds what the provider itself published. What Azure publishes are no keys to trust but links of chains.
    pub fn add_published(&mut self, provider_type: ProviderType, text: &str) -> Result<(), KeyError> {
        if provider_type != ProviderType::Azure {
            return self.add(provider_type, text);
        }
        let mut published = Self::default();
        published.add_pem(text)?;
        self.intermediates.extend(published.authorities);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.authorities.is_empty()
    }

    pub(super) fn authorities(&self) -> &[Certificate] {
        &self.authorities
    }

    pub(super) fn intermediates(&self) -> &[Certificate] {
        &self.intermediates
    }

    /// Whether one of the keys made the signature. A key with another id than the one that is asked for did not.
    pub(super) fn is_signed(
        &self,
        parameters: &'static RsaParameters,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let is_wanted = |key: &RsaKey| id.is_none() || key.id.is_none() || key.id.as_deref() == id;
        let candidates = self.keys.iter().filter(|key| is_wanted(key));
        candidates.into_iter().any(|RsaKey { key, .. }| match key {
            Key::Pkcs1(der) => UnparsedPublicKey::new(parameters, der).verify(message, signature).is_ok(),
            Key::Components { modulus: n, exponent: e } => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
        })
    }

    /// Keys of other kinds than RSA are left out: nobody signs tokens with them yet.
    fn add_jwks(&mut self, text: &str) -> Result<(), KeyError> {
        let jwks: Jwks = serde_json::from_str(text).map_err(|error| KeyError::Jwks(error.to_string()))?;
        let number = |text: Option<String>| {
            let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())?;
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            Some(bytes[zeros..].to_vec()).filter(|bytes| !bytes.is_empty())
        };
        for Jwk { kid: id, n, e, .. } in jwks.keys.into_iter().filter(|key| key.kty == "RSA") {
            let (Some(modulus), Some(exponent)) = (number(n), number(e)) else {
                return Err(KeyError::Jwks("a key has no `n` or `e` in base64url".to_owned()));
            };
            self.keys.push(RsaKey { id, key: Key::Components { modulus, exponent } });
        }
        Ok(())
    }

    /// A certificate is both: its key may have made a signature, and it may have issued other certificates.
    fn add_pem(&mut self, text: &str) -> Result<(), KeyError> {
        let error = |error: der::Error| KeyError::Pem(error.to_string());
        let blocks = pem::blocks(text).ok_or_else(|| KeyError::Pem("a block is not in base64".to_owned()))?;
        if blocks.is_empty() {
            return Err(KeyError::Pem("there is no block".to_owned()));
        }
        for (label, der) in blocks {
            let info = match label {
                "CERTIFICATE" => {
                    let certificate = Certificate::from_der(&der).map_err(error)?;
                    let info = certificate.tbs_certificate.subject_public_key_info.clone();
                    self.authorities.push(certificate);
                    info
                }
                "PUBLIC KEY" => SubjectPublicKeyInfoOwned::from_der(&der).map_err(error)?,
                _ => return Err(KeyError::Pem(format!("a block is a {label}"))),
            };
            self.keys.push(RsaKey { id: None, key: Key::Pkcs1(pkcs1(&info)) });
        }
        Ok(())
    }
}

/// The key itself, without its algorithm.
pub(super) fn pkcs1(info: &SubjectPublicKeyInfoOwned) -> Vec<u8> {
    info.subject_public_key.raw_bytes().to_vec()
}

/// The bytes that a certificate's issuer signed.
pub(super) fn signed_part(certificate: &Certificate) -> Option<Vec<u8>> {
    certificate.tbs_certificate.to_der().ok()
}
