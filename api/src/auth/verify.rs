use std::sync::Arc;

use actors::auth::{Claim, Known};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::TimeDelta;
use protocol::{
    certificate::{self, Certificate, CertificateError},
    hawk::{Bewit, HawkError, Header},
    scope::{self, roles::TooManyScopes},
    time::Timestamp,
};
use serde::Deserialize;

use super::{Caller, Client, Clients};

/// How far the client's clock may differ.
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

/// A signature, by its place in the request.
#[derive(Debug)]
pub(crate) enum Signature<'a> {
    Absent,
    Header(Header<'a>),
    Url(Bewit),
}

/// Why a signature is not valid. The text reaches the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AuthenticationError {
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
    #[error("Unauthorized: the signed URL is good for longer than the {} that this server accepts; sign a shorter one", in_words(*.0))]
    BewitTooLong(TimeDelta),
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
    #[error("Unauthorized: {0}")]
    TooManyScopes(#[from] TooManyScopes),
    #[error("Unauthorized: {0}")]
    Session(String),
    #[error("ext is no base64 of a JSON object: {0}")]
    Ext(String),
    #[error("ext.certificate.issuer must differ from the client id that signs")]
    OwnIssuer,
    #[error("ext.certificate issuer `{issuer}` doesn't have the scope `{scope}` to give")]
    IssuerLacks { issuer: String, scope: String },
    #[error("ext.authorizedScopes must be printable ASCII, and held by the client: `{0}` is not")]
    AuthorizedScopes(String),
}

fn in_words(time: TimeDelta) -> String {
    match time.num_days() {
        0 => format!("{} seconds", time.num_seconds()),
        days => format!("{days} days"),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ext {
    certificate: Option<Certificate>,
    authorized_scopes: Option<Vec<String>>,
}

impl<'a> Signature<'a> {
    /// From the `Authorization` header and the `bewit` parameter of a request.
    pub(crate) fn find(header: Option<&'a str>, bewit: Option<&str>) -> Result<Self, AuthenticationError> {
        match (header, bewit) {
            (None, None) => Ok(Self::Absent),
            (Some(header), None) => Ok(Self::Header(Header::parse(header)?)),
            (None, Some(bewit)) => Ok(Self::Url(Bewit::parse(bewit)?)),
            (Some(_), Some(_)) => Err(AuthenticationError::TwoSignatures),
        }
    }
}

/// The caller who signed. An absent signature is no error: its caller has the scopes of the role `anonymous`.
pub(crate) fn authenticate(
    clients: &Clients,
    signature: &Signature<'_>,
    signed: Signed<'_>,
    now: Timestamp,
) -> Result<Caller, AuthenticationError> {
    let known = clients.now();
    let (id, ext) = match signature {
        Signature::Absent => return Ok(Caller::anonymous(Arc::clone(known.anonymous()))),
        Signature::Header(header) => (header.id, header.ext.unwrap_or_default()),
        Signature::Url(bewit) => (bewit.id(), bewit.ext()),
    };
    let (claim, hash) = if let Some(claim) = known.claim(id, ext) {
        let claim = still_good(claim, now)?;
        let hash = check(signature, &claim.key, signed, (now, clients.longest_bewit()))?;
        (claim, hash)
    } else {
        // Scopes are expanded only once the signature is verified: that can take long, and anybody can send one.
        let claimed = Claimed::of(&known, id, ext, now)?;
        let hash = check(signature, &claimed.key, signed, (now, clients.longest_bewit()))?;
        let claim = Arc::new(claimed.proved(&known, id)?);
        if !ext.is_empty() {
            known.remember(id, ext, Arc::clone(&claim));
        }
        (claim, hash)
    };
    clients.used(&claim.client, now);
    Ok(Caller { client_id: Some(id.to_owned()), scopes: Arc::clone(&claim.scopes), expires: claim.expires, hash })
}

/// Checks what changes with time: the client's and the certificate's expiry.
fn still_good(claim: Arc<Claim>, now: Timestamp) -> Result<Arc<Claim>, AuthenticationError> {
    is_usable(&claim.client, now)?;
    if let Some((start, expiry)) = claim.times {
        certificate::check_times(start, expiry, now)?;
    }
    Ok(claim)
}

/// What a signature claims, as far as it is cheap to check.
struct Claimed {
    client: Arc<Client>,
    /// The key that the request must be signed with.
    key: String,
    /// Issued by the client, and valid now.
    certificate: Option<Certificate>,
    authorized_scopes: Option<Vec<String>>,
}

impl Claimed {
    fn of(known: &Known, id: &str, ext: &str, now: Timestamp) -> Result<Self, AuthenticationError> {
        let Ext { certificate, authorized_scopes } = if ext.is_empty() { Ext::default() } else { parse_ext(ext)? };
        let issuer = certificate.as_ref().and_then(|certificate| certificate.issuer.as_deref());
        if issuer == Some(id) {
            return Err(AuthenticationError::OwnIssuer);
        }
        let wanted = issuer.unwrap_or(id);
        let client = known.client(wanted).ok_or_else(|| AuthenticationError::NoSuchClient(wanted.to_owned()))?;
        is_usable(client, now)?;
        if let Some(certificate) = &certificate {
            certificate.verify(id, &client.access_token, now)?;
        }
        let key = certificate
            .as_ref()
            .map_or_else(|| client.access_token.clone(), |certificate| certificate.access_token(&client.access_token));
        Ok(Self { client: Arc::clone(client), key, certificate, authorized_scopes })
    }

    /// The scopes that the verified signature proves.
    fn proved(self, known: &Known, id: &str) -> Result<Claim, AuthenticationError> {
        let Self { client, key, certificate, authorized_scopes } = self;
        let claim = if let Some(certificate) = &certificate {
            issued(known, client, key, certificate, id)?
        } else {
            let scopes = known.powers_of(&client)?;
            Claim { expires: client.expires, client, key, scopes, times: None }
        };
        restrict(known, claim, authorized_scopes.as_deref())
    }
}

fn parse_ext(ext: &str) -> Result<Ext, AuthenticationError> {
    let json = BASE64.decode(ext).map_err(|error| AuthenticationError::Ext(error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| AuthenticationError::Ext(error.to_string()))
}

fn is_usable(client: &Client, now: Timestamp) -> Result<(), AuthenticationError> {
    if client.disabled {
        return Err(AuthenticationError::Disabled(client.client_id.clone()));
    }
    match client.expires {
        Some(expires) if expires < now => Err(AuthenticationError::Expired(client.client_id.clone())),
        _ => Ok(()),
    }
}

/// Scopes and expiry of credentials that a client issued.
fn issued(
    known: &Known,
    client: Arc<Client>,
    key: String,
    certificate: &Certificate,
    id: &str,
) -> Result<Claim, AuthenticationError> {
    issuer_may(known, &client, certificate, id)?;
    let expiry = Timestamp::from_timestamp_millis(certificate.expiry);
    Ok(Claim {
        expires: client.expires.into_iter().chain(expiry).min(),
        client,
        key,
        scopes: known.powers_with(&certificate.scopes)?,
        times: Some((certificate.start, certificate.expiry)),
    })
}

/// A client can delegate only scopes that it holds, and name temporary credentials only if it may create that client.
fn issuer_may(known: &Known, client: &Client, certificate: &Certificate, id: &str) -> Result<(), AuthenticationError> {
    let held = known.scopes_of(client)?;
    if held.holds_everything() {
        return Ok(());
    }
    let name = certificate.issuer.as_ref().map(|_| format!("auth:create-client:{id}"));
    let lacking = certificate.scopes.iter().chain(&name).find(|scope| !held.satisfies(scope));
    lacking.map_or(Ok(()), |scope| {
        Err(AuthenticationError::IssuerLacks { issuer: client.client_id.clone(), scope: scope.clone() })
    })
}

/// `authorizedScopes` replace the scopes that satisfy them. Every caller has those of `anonymous` besides.
fn restrict(known: &Known, claim: Claim, authorized: Option<&[String]>) -> Result<Claim, AuthenticationError> {
    let Some(authorized) = authorized else { return Ok(claim) };
    match authorized.iter().find(|scope| !scope::is_valid(scope) || !claim.scopes.satisfies(scope)) {
        Some(scope) => Err(AuthenticationError::AuthorizedScopes(scope.clone())),
        None => Ok(Claim { scopes: known.powers_with(authorized)?, ..claim }),
    }
}

/// Verifies the signature itself. Returns the signed hash of the body, if there is one.
fn check(
    signature: &Signature<'_>,
    key: &str,
    signed: Signed<'_>,
    (now, longest_bewit): (Timestamp, TimeDelta),
) -> Result<Option<String>, AuthenticationError> {
    let Signed { method, resource, host, port } = signed;
    match signature {
        Signature::Absent => Ok(None),
        Signature::Header(header) => {
            header.check(key, method, resource, host, port)?;
            let age = now.timestamp().abs_diff(header.seconds()?);
            let skew = CLOCK_SKEW.num_seconds().unsigned_abs();
            if age > skew { Err(AuthenticationError::StaleTimestamp) } else { Ok(header.hash.map(str::to_owned)) }
        }
        Signature::Url(_) if !matches!(method, "GET" | "HEAD") => Err(AuthenticationError::BewitMethod),
        Signature::Url(bewit) => {
            bewit.check(key, resource, host, port)?;
            match bewit.expiry()?.saturating_sub(now.timestamp()) {
                ..=0 => Err(AuthenticationError::BewitExpired),
                left if left > longest_bewit.num_seconds() => Err(AuthenticationError::BewitTooLong(longest_bewit)),
                _ => Ok(None),
            }
        }
    }
}
