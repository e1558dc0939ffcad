use std::sync::Arc;

use actors::auth::Known;
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::TimeDelta;
use protocol::{
    certificate::{Certificate, CertificateError},
    hawk::{Bewit, HawkError, Header},
    scope::{self, ScopeSet},
    time::Timestamp,
};
use serde::Deserialize;

use super::{Caller, Client, Clients};

/// How far a signer's clock may be off.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(15);

/// Clients write `ext` with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What was signed: the request as the client saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// Upper case.
    pub method: &'a str,
    /// Path and query as sent, without a `bewit`.
    pub resource: &'a str,
    /// Lower case, without port.
    pub host: &'a str,
    pub port: u16,
}

/// Where the signature stands.
#[derive(Debug)]
pub(crate) enum Signature<'a> {
    Absent,
    Header(Header<'a>),
    Url(Bewit),
}

/// Why a signed request is not believed. The words reach the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthFault {
    #[error(transparent)]
    Hawk(#[from] HawkError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("Bad Request: Authorization header and bewit cannot be used together")]
    TwoSignatures,
    #[error("Unauthorized: a bewit is good for GET and HEAD only")]
    BewitMethod,
    #[error("Unauthorized: the signed URL has expired")]
    BewitExpired,
    #[error("Unauthorized: Stale timestamp")]
    StaleTimestamp,
    #[error("Unauthorized: Bad payload hash")]
    PayloadHash,
    #[error("Client with clientId '{0}' not found")]
    NoSuchClient(String),
    #[error("Client with clientId '{0}' is disabled")]
    Disabled(String),
    #[error("Client with clientId: '{0}' has expired")]
    Expired(String),
    #[error("ext is no base64 of a JSON object: {0}")]
    Ext(String),
    #[error("ext.certificate.issuer must differ from the client id that signs")]
    OwnIssuer,
    #[error("ext.certificate issuer `{issuer}` doesn't have the scope `{scope}` to give")]
    IssuerLacks { issuer: String, scope: String },
    #[error("ext.authorizedScopes must be printable ASCII, and held by the client: `{0}` is not")]
    AuthorizedScopes(String),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ext {
    certificate: Option<Certificate>,
    authorized_scopes: Option<Vec<String>>,
}

impl<'a> Signature<'a> {
    /// From the `Authorization` header and the `bewit` parameter of a request.
    pub(crate) fn find(header: Option<&'a str>, bewit: Option<&str>) -> Result<Self, AuthFault> {
        match (header, bewit) {
            (None, None) => Ok(Self::Absent),
            (Some(header), None) => Ok(Self::Header(Header::parse(header)?)),
            (None, Some(bewit)) => Ok(Self::Url(Bewit::parse(bewit)?)),
            (Some(_), Some(_)) => Err(AuthFault::TwoSignatures),
        }
    }
}

/// What a signature would prove, if it is right.
struct Claimed<'a> {
    /// Whose token it comes down to.
    client: &'a Client,
    certificate: Option<&'a Certificate>,
    key: String,
    expires: Option<Timestamp>,
}

/// Finds out who signed. An absent signature is no fault: everybody may do what `anonymous` may.
pub(crate) fn authenticate(
    clients: &Clients,
    signature: &Signature<'_>,
    signed: Signed<'_>,
    now: Timestamp,
) -> Result<Caller, AuthFault> {
    let known = clients.now();
    let (id, ext) = match signature {
        Signature::Absent => return Ok(Caller::anonymous(Arc::clone(known.anonymous()))),
        Signature::Header(header) => (header.id, header.ext.unwrap_or_default()),
        Signature::Url(bewit) => (bewit.id(), bewit.ext()),
    };
    let ext = if ext.is_empty() { Ext::default() } else { parse_ext(ext)? };
    let claimed = claimed(&known, id, ext.certificate.as_ref(), now)?;
    let scopes = restrict(&known, &claimed, ext.authorized_scopes.as_deref())?;
    let hash = check(signature, &claimed.key, signed, now)?;
    clients.used(claimed.client, now);
    Ok(Caller { client_id: Some(id.to_owned()), scopes, expires: claimed.expires, hash })
}

fn parse_ext(ext: &str) -> Result<Ext, AuthFault> {
    let json = BASE64.decode(ext).map_err(|fault| AuthFault::Ext(fault.to_string()))?;
    serde_json::from_slice(&json).map_err(|fault| AuthFault::Ext(fault.to_string()))
}

/// Key, scopes and end of life, of the client itself or of the certificate it issued.
fn claimed<'a>(
    known: &'a Known,
    id: &str,
    certificate: Option<&'a Certificate>,
    now: Timestamp,
) -> Result<Claimed<'a>, AuthFault> {
    let issuer = certificate.and_then(|certificate| certificate.issuer.as_deref());
    if issuer == Some(id) {
        return Err(AuthFault::OwnIssuer);
    }
    let client = usable(known, issuer.unwrap_or(id), now)?;
    let Some(certificate) = certificate else {
        return Ok(Claimed { client, certificate: None, key: client.access_token.clone(), expires: client.expires });
    };
    certificate.verify(id, &client.access_token, now)?;
    issuer_may(known, client, certificate, id)?;
    let expiry = Timestamp::from_timestamp_millis(certificate.expiry);
    let key = certificate.access_token(&client.access_token);
    Ok(Claimed { client, certificate: Some(certificate), key, expires: client.expires.into_iter().chain(expiry).min() })
}

fn usable<'a>(known: &'a Known, id: &str, now: Timestamp) -> Result<&'a Client, AuthFault> {
    let client = known.client(id).ok_or_else(|| AuthFault::NoSuchClient(id.to_owned()))?;
    if client.disabled {
        return Err(AuthFault::Disabled(id.to_owned()));
    }
    match client.expires {
        Some(expires) if expires < now => Err(AuthFault::Expired(id.to_owned())),
        _ => Ok(client),
    }
}

/// Nobody can give what they do not hold, and a name only with the right to create that client.
fn issuer_may(known: &Known, client: &Client, certificate: &Certificate, id: &str) -> Result<(), AuthFault> {
    let held = known.scopes_of(client);
    if held.holds_everything() {
        return Ok(());
    }
    let name = certificate.issuer.as_ref().map(|_| format!("auth:create-client:{id}"));
    let lacking = certificate.scopes.iter().chain(&name).find(|scope| !held.satisfies(scope));
    lacking
        .map_or(Ok(()), |scope| Err(AuthFault::IssuerLacks { issuer: client.client_id.clone(), scope: scope.clone() }))
}

/// `authorizedScopes` replace the scopes, once these satisfy them. In the end everybody is `anonymous` too.
fn restrict(known: &Known, claimed: &Claimed<'_>, authorized: Option<&[String]>) -> Result<Arc<ScopeSet>, AuthFault> {
    let held = match claimed.certificate {
        None => Arc::clone(known.powers_of(claimed.client)),
        Some(certificate) => known.powers_with(&certificate.scopes),
    };
    let Some(authorized) = authorized else { return Ok(held) };
    match authorized.iter().find(|scope| !scope::is_valid(scope) || !held.satisfies(scope)) {
        Some(scope) => Err(AuthFault::AuthorizedScopes(scope.clone())),
        None => Ok(known.powers_with(authorized)),
    }
}

/// The signature itself, last of all. Gives back the signed hash of the body, if there is one.
fn check(
    signature: &Signature<'_>,
    key: &str,
    signed: Signed<'_>,
    now: Timestamp,
) -> Result<Option<String>, AuthFault> {
    let Signed { method, resource, host, port } = signed;
    match signature {
        Signature::Absent => Ok(None),
        Signature::Header(header) => {
            header.check(key, method, resource, host, port)?;
            let age = now.timestamp().abs_diff(header.seconds()?);
            let skew = CLOCK_SKEW.num_seconds().unsigned_abs();
            if age > skew { Err(AuthFault::StaleTimestamp) } else { Ok(header.hash.map(str::to_owned)) }
        }
        Signature::Url(_) if !matches!(method, "GET" | "HEAD") => Err(AuthFault::BewitMethod),
        Signature::Url(bewit) => {
            bewit.check(key, resource, host, port)?;
            if bewit.expiry()? <= now.timestamp() { Err(AuthFault::BewitExpired) } else { Ok(None) }
        }
    }
}
