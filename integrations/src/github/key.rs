//! The app's own credentials: tokens that it signs, good for some minutes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use protocol::time::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde_json::json;

/// The id and the private key of an app.
pub(crate) struct AppKey {
    app_id: u64,
    key: RsaKeyPair,
}

/// GitHub takes ten minutes at most; clocks differ.
const LIFETIME: TimeDelta = TimeDelta::minutes(9);
const DRIFT: TimeDelta = TimeDelta::seconds(60);

impl AppKey {
    /// `pem`: what GitHub generates (PKCS #1), or the same as PKCS #8.
    pub(crate) fn new(app_id: u64, pem: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`github.private_key` must be the private key of the app as PEM text: {why}");
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| wrong(&error.to_string()))?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(wrong("it is no RSA key")),
        };
        Ok(Self { app_id, key: key.map_err(|error| wrong(&error.to_string()))? })
    }

    /// A JSON web token.
    pub(crate) fn token(&self, now: Timestamp) -> Result<String, String> {
        let claims = json!({
            "iat": (now - DRIFT).timestamp(), "exp": (now + LIFETIME).timestamp(), "iss": self.app_id.to_string(),
        });
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let signed =
            format!("{}.{}", part(json!({ "alg": "RS256", "typ": "JWT" }).to_string()), part(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let random = SystemRandom::new();
        let result = self.key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature);
        result.map_err(|_| "the app's token cannot be signed".to_owned())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}
