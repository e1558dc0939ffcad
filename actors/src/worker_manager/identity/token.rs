//! Identity tokens: JSON Web Tokens, signed with RS256 and nothing else.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::time::Timestamp;
use ring::signature::RSA_PKCS1_2048_8192_SHA256;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{IdentityError, KeySet};

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood: none is.
    crit: Option<Value>,
}

/// What every token has.
#[derive(Deserialize)]
pub(super) struct Claims<T> {
    iss: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    pub(super) sub: String,
    #[serde(flatten)]
    pub(super) more: T,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Clocks of issuers may be ahead by seconds.
const CLOCK_DRIFT: f64 = 60.0;

/// The claims of a token of one of these issuers for this audience, that one of the keys signed and that is valid now.
pub(super) fn open<T: DeserializeOwned>(
    token: &str,
    keys: &KeySet,
    issuers: &[&str],
    audience: &str,
    now: Timestamp,
) -> Result<Claims<T>, IdentityError> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err(IdentityError::Form("token")) };
    let signed = &token[..header.len() + 1 + claims.len()];
    let header: Header = read(header)?;
    // The algorithm is ours to choose: `none`, or a public key as the secret of HS256, must not be the token's choice.
    if header.alg != "RS256" || header.crit.is_some() {
        return Err(IdentityError::Form("algorithm"));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| IdentityError::Form("signature"))?;
    if !keys.is_signed(&RSA_PKCS1_2048_8192_SHA256, header.kid.as_deref(), signed.as_bytes(), &signature) {
        return Err(IdentityError::Signature);
    }
    let claims: Claims<T> = read(claims)?;
    check(&claims, issuers, audience, now)?;
    Ok(claims)
}

/// Subject and further claims of an identity token of OpenID Connect.
pub fn open_id_token<T: DeserializeOwned>(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<(String, T), IdentityError> {
    let Claims { sub, more, .. } = open(token, keys, &[issuer], client_id, now)?;
    Ok((sub, more))
}

fn check<T>(claims: &Claims<T>, issuers: &[&str], audience: &str, now: Timestamp) -> Result<(), IdentityError> {
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^52")]
    let now = now.timestamp_millis() as f64 / 1000.0;
    if !issuers.contains(&claims.iss.as_str()) {
        return Err(IdentityError::Differs("iss"));
    }
    let is_for = match &claims.aud {
        Audience::One(one) => one == audience,
        Audience::Several(several) => several.iter().any(|one| one == audience),
    };
    if !is_for {
        return Err(IdentityError::Differs("aud"));
    }
    let has_begun = claims.nbf.is_none_or(|nbf| nbf <= now + CLOCK_DRIFT);
    if claims.exp > now && has_begun { Ok(()) } else { Err(IdentityError::Time) }
}

fn read<T: DeserializeOwned>(part: &str) -> Result<T, IdentityError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| IdentityError::Form("token"))?;
    serde_json::from_slice(&bytes).map_err(|_| IdentityError::Form("claims"))
}
