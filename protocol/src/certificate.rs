//! Temporary credentials: an access token and a certificate that anyone holding a client's token can make offline.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::TimeDelta;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Builder;

use crate::{hawk::keyed, limits::MAX_AUTHORIZATION_HEADER, number, scope, time::Timestamp};

/// Longest life of temporary credentials.
pub const LONGEST_LIFE: TimeDelta = TimeDelta::days(31);

/// How far the clocks of issuer and verifier may be apart.
pub const CLOCK_DRIFT: TimeDelta = TimeDelta::minutes(5);

const SEED_LETTERS: usize = 44;

/// Longest name of temporary credentials: as the names of clients, it is kept under an index of the database.
pub const LONGEST_NAME: usize = 2048;

/// What an issuer signs: who may do what, from when to when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    #[serde(deserialize_with = "number::whole")]
    pub version: i64,
    pub scopes: Vec<String>,
    /// Milliseconds since 1970.
    #[serde(deserialize_with = "number::whole")]
    pub start: i64,
    #[serde(deserialize_with = "number::whole")]
    pub expiry: i64,
    pub seed: String,
    pub signature: String,
    /// Present exactly when the credentials have a name of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Signed through the request; inside a certificate it is legal only beside an issuer.
    #[serde(default, skip_serializing)]
    pub client_id: Option<String>,
}

/// Temporary credentials in the form that clients take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    pub client_id: String,
    pub access_token: String,
    /// JSON text of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// Why a certificate is not accepted. The words reach the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("ext.certificate.version must be 1")]
    Version,
    #[error("ext.certificate.seed must be {SEED_LETTERS} characters")]
    Seed,
    #[error("ext.certificate.scopes must be printable ASCII")]
    Scopes,
    #[error("the client id, ext.certificate.issuer and ext.certificate.seed must be printable ASCII")]
    Unprintable,
    #[error("a client id must be at most {LONGEST_NAME} bytes long")]
    Name,
    #[error("ext.certificate.start > now")]
    NotYetValid,
    #[error("ext.certificate.expiry < now")]
    Expired,
    #[error("ext.certificate cannot last longer than 31 days")]
    TooLong,
    #[error("ext.certificate.clientId must only be used with ext.certificate.issuer, and be the id that signs")]
    ClientId,
    #[error("ext.certificate.signature is not valid, or wrong clientId provided")]
    Signature,
}

/// What to issue: `name` gives the credentials a client id of their own.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    pub name: Option<&'a str>,
    pub scopes: Vec<String>,
    pub start: Timestamp,
    pub expiry: Timestamp,
}

/// Makes temporary credentials. `seed` is fresh randomness.
pub fn issue(issuer: &str, access_token: &str, order: Order<'_>, seed: [u8; 32]) -> Credentials {
    let mut certificate = Certificate {
        version: 1,
        scopes: order.scopes,
        start: order.start.timestamp_millis(),
        expiry: order.expiry.timestamp_millis(),
        seed: seed_letters(seed),
        signature: String::new(),
        issuer: order.name.map(|_| issuer.to_owned()),
        client_id: None,
    };
    let signature = certificate.signing(order.name, access_token).finalize();
    certificate.signature = STANDARD.encode(signature.into_bytes());
    Credentials {
        client_id: order.name.unwrap_or(issuer).to_owned(),
        access_token: certificate.access_token(access_token),
        certificate: serde_json::to_string(&certificate).ok(),
    }
}

impl Credentials {
    /// Whether a request made with them can be read: with the longest of everything else that clients write beside the
    /// certificate into the `Authorization` header. They cannot be used otherwise, not even to tell of it.
    pub fn fit_into_a_header(&self) -> bool {
        let certificate = self.certificate.as_deref().unwrap_or_default();
        self.client_id.len() + base64_bytes(as_clients_write(certificate)) + REST_OF_HEADER <= MAX_AUTHORIZATION_HEADER
    }
}

/// `Hawk ts="…", nonce="…", hash="…", mac="…"` and the names of the other attributes, generously.
const REST_OF_HEADER: usize = 512;

/// Clients read the certificate and write it anew into `ext`. The one in Python leaves a blank after each comma and colon.
fn as_clients_write(certificate: &str) -> usize {
    r#"{"certificate": }"#.len() + certificate.len() + certificate.matches([',', ':']).count()
}

const fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Whether credentials from `start` to `expiry` are good now. It is the one check whose outcome changes by itself.
pub fn check_times(start: i64, expiry: i64, now: Timestamp) -> Result<(), CertificateError> {
    let (now, drift) = (now.timestamp_millis(), CLOCK_DRIFT.num_milliseconds());
    if start > now.saturating_add(drift) {
        Err(CertificateError::NotYetValid)
    } else if expiry < now.saturating_sub(drift) {
        Err(CertificateError::Expired)
    } else if expiry.saturating_sub(start) > LONGEST_LIFE.num_milliseconds() {
        Err(CertificateError::TooLong)
    } else {
        Ok(())
    }
}

impl Certificate {
    /// Checks form, times and signature. `id` is the client id that signed the request.
    ///
    /// Whether the issuer holds these scopes, and may give this name, is checked by those who know the issuer.
    pub fn verify(&self, id: &str, issuer_token: &str, now: Timestamp) -> Result<(), CertificateError> {
        let client_id_fits = match &self.client_id {
            None => true,
            Some(given) => self.issuer.is_some() && given == id,
        };
        let demands = [
            (self.version == 1, CertificateError::Version),
            (self.seed.len() == SEED_LETTERS, CertificateError::Seed),
            (self.scopes.iter().all(|scope| scope::is_valid(scope)), CertificateError::Scopes),
            (client_id_fits, CertificateError::ClientId),
            (id.len() <= LONGEST_NAME, CertificateError::Name),
            // A line break in one of these would let one signed text be read in two ways.
            (
                [id, &self.seed].into_iter().chain(self.issuer.as_deref()).all(scope::is_valid),
                CertificateError::Unprintable,
            ),
        ];
        demands.into_iter().try_for_each(|(met, error)| if met { Ok(()) } else { Err(error) })?;
        check_times(self.start, self.expiry, now)?;
        let name = self.issuer.as_ref().map(|_| id);
        let given = STANDARD.decode(&self.signature).map_err(|_| CertificateError::Signature)?;
        self.signing(name, issuer_token).verify_slice(&given).map_err(|_| CertificateError::Signature)
    }

    /// The token that signs requests made with this certificate.
    pub fn access_token(&self, issuer_token: &str) -> String {
        let mut mac = keyed(issuer_token);
        mac.update(self.seed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    fn signing(&self, name: Option<&str>, issuer_token: &str) -> Hmac<Sha256> {
        let mut mac = keyed(issuer_token);
        mac.update(b"version:1\n");
        if let (Some(name), Some(issuer)) = (name, &self.issuer) {
            mac.update(format!("clientId:{name}\nissuer:{issuer}\n").as_bytes());
        }
        mac.update(format!("seed:{}\nstart:{}\nexpiry:{}\nscopes:", self.seed, self.start, self.expiry).as_bytes());
        for scope in &self.scopes {
            mac.update(b"\n");
            mac.update(scope.as_bytes());
        }
        mac
    }
}

/// Two slugids side by side.
fn seed_letters(bytes: [u8; 32]) -> String {
    let (first, second) = bytes.split_at(16);
    [first, second]
        .iter()
        .filter_map(|half| <[u8; 16]>::try_from(*half).ok())
        .map(|half| URL_SAFE_NO_PAD.encode(Builder::from_random_bytes(half).into_uuid().as_bytes()))
        .collect()
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "dGVzdC1hY2Nlc3MtdG9rZW4tZm9yLXZlY3RvcnMtMDAwMQ";

    fn vector() -> Certificate {
        Certificate {
            version: 1,
            scopes: vec!["queue:claim-work:proj/worker".to_owned(), "secrets:get:a*".to_owned()],
            start: 1_700_000_000_000,
            expiry: 1_700_003_600_000,
            seed: "JGPfm2XpTUyKeVhfDyBrwgfX6sWSRVGAgQVbuPr4LvQA".to_owned(),
            signature: "mGJ57ezdymtyI9pL/7IkGUzdi5SKEsVusXzYxOuVAd0=".to_owned(),
            issuer: None,
            client_id: None,
        }
    }

    fn named() -> Certificate {
        let signature = "jySOXwieIObRScxRkHMRvLZKAemD7t74Mr/hTYldwHE=".to_owned();
        Certificate { issuer: Some("static/drover/root".to_owned()), signature, ..vector() }
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(milliseconds).unwrap()
    }

    #[test]
    fn signatures_and_token_are_those_of_the_check_vectors() {
        assert_eq!(vector().verify("static/drover/root", TOKEN, at(1_700_000_000_000)), Ok(()));
        assert_eq!(named().verify("worker/x", TOKEN, at(1_700_000_000_000)), Ok(()));
        assert_eq!(vector().access_token(TOKEN), "q_P5fDPD0fBJGVCZMiD6uTL7vcgfULk35_VO7D9c8hs");
    }

    #[test]
    fn any_change_is_noticed() {
        let now = at(1_700_000_000_000);
        let seed = "A".repeat(43);
        let cases = [
            (Certificate { version: 2, ..vector() }, CertificateError::Version),
            (Certificate { seed, ..vector() }, CertificateError::Seed),
            (Certificate { seed: "A".repeat(44), ..vector() }, CertificateError::Signature),
            (Certificate { scopes: vec![], ..vector() }, CertificateError::Signature),
            (Certificate { scopes: vec!["\u{e9}".to_owned()], ..vector() }, CertificateError::Scopes),
            (Certificate { expiry: 1_700_003_600_001, ..vector() }, CertificateError::Signature),
            (Certificate { expiry: 4_102_444_800_000, ..vector() }, CertificateError::TooLong),
            (Certificate { issuer: Some("other".to_owned()), ..vector() }, CertificateError::Signature),
            (Certificate { client_id: Some("x".to_owned()), ..vector() }, CertificateError::ClientId),
        ];
        for (certificate, error) in cases {
            assert_eq!(certificate.verify("x", TOKEN, now), Err(error));
        }
        assert_eq!(named().verify("worker/y", TOKEN, now), Err(CertificateError::Signature));
    }

    #[test]
    fn clocks_may_be_five_minutes_apart() {
        let certificate = vector();
        let drift = CLOCK_DRIFT.num_milliseconds();
        let verify = |time| certificate.verify("x", TOKEN, at(time));
        assert_eq!(verify(certificate.start - drift), Ok(()));
        assert_eq!(verify(certificate.start - drift - 1), Err(CertificateError::NotYetValid));
        assert_eq!(verify(certificate.expiry + drift), Ok(()));
        assert_eq!(verify(certificate.expiry + drift + 1), Err(CertificateError::Expired));
    }

    #[test]
    fn what_is_issued_is_accepted() {
        for name in [None, Some("task-client/x")] {
            let now = at(1_700_000_000_000);
            let order = Order { name, scopes: vec!["a".to_owned()], start: now, expiry: now + TimeDelta::hours(1) };
            let made = issue("static/root", TOKEN, order, [7; 32]);
            let certificate: Certificate = serde_json::from_str(made.certificate.as_ref().unwrap()).unwrap();
            assert_eq!(made.client_id, name.unwrap_or("static/root"));
            assert_eq!(made.access_token, certificate.access_token(TOKEN));
            assert_eq!(certificate.verify(&made.client_id, TOKEN, now), Ok(()));
        }
    }
}
