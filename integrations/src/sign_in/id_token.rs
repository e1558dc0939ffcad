//! The identity token: who the provider says came back.

use actors::{
    sessions::Identity,
    sign_in::{OidcSettings, encoded},
    worker_manager::identity::{IdentityError, KeySet, open_id_token},
};
use protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Groups beyond these are left out.
const MAX_GROUPS: usize = 500;

#[derive(Deserialize)]
pub(super) struct Claims {
    nonce: Option<String>,
    azp: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The person, if the token is of this issuer, for this client and this attempt, and valid now.
pub(super) fn identity(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    settings: &OidcSettings,
    nonce: &str,
    now: Timestamp,
) -> Result<Identity, IdentityError> {
    let (subject, claims) = open_id_token::<Claims>(token, keys, issuer, &settings.client_id, now)?;
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(IdentityError::Differs("nonce"));
    }
    if claims.azp.is_some_and(|azp| azp != settings.client_id) {
        return Err(IdentityError::Differs("azp"));
    }
    let text = |name: &str| claims.others.get(name).and_then(Value::as_str);
    let login = text(&settings.login_claim).or_else(|| text("email")).unwrap_or_default();
    let groups = claims.others.get(&settings.groups_claim).and_then(Value::as_array);
    let groups = groups.into_iter().flatten().filter_map(Value::as_str).take(MAX_GROUPS);
    let name = &settings.name;
    Ok(Identity {
        client_id: format!("{name}/{}|{}", encoded(&subject), encoded(login)),
        roles: Some(groups.map(|group| format!("oidc-group:{name}/{}", encoded(group))).collect()),
    })
}
