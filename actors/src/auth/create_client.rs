use db::auth::{ClientRow, NewClient};
use protocol::time::Timestamp;

use super::{Answer, AuthError, Parts, STATIC, access_token, update_client::by_whom};

/// What a client is to be.
#[derive(Debug, Clone)]
pub struct ClientBody {
    pub description: String,
    pub expires: Timestamp,
    /// `None`: none, or when updating, those it has.
    pub scopes: Option<Vec<String>>,
    pub delete_on_expiration: bool,
}

pub(super) async fn run(parts: &Parts, client_id: &str, body: ClientBody, by: &str) -> Answer<(ClientRow, String)> {
    body.check(client_id)?;
    body.check_expansion(parts)?;
    let token = access_token(&parts.rng);
    let client = NewClient {
        client_id: client_id.to_owned(),
        description: body.description,
        sealed_access_token: parts.seal(client_id, &token),
        scopes: body.scopes.unwrap_or_default(),
        expires: body.expires,
        delete_on_expiration: body.delete_on_expiration,
    };
    let created = parts.db.client_create(&client, &by_whom(by), parts.clock.now()).await?;
    if !created.same {
        return Err(AuthError::ClientExists(client_id.to_owned()));
    }
    parts.client_changed(client_id).await?;
    // A repeat answers the token of the first time.
    let token = parts.open(client_id, &created.client.sealed_access_token)?;
    Ok((created.client, token))
}

impl ClientBody {
    /// What no schema can say.
    pub fn check(&self, client_id: &str) -> Answer<()> {
        is_changeable(client_id)?;
        let faulty = self.scopes.iter().flatten().find(|scope| scope.ends_with("**"));
        faulty.map_or(Ok(()), |scope| Err(AuthError::DoubleStar(scope.clone())))
    }
}

impl ClientBody {
    /// Whoever signs as a client with too many scopes would not be let in.
    pub(super) fn check_expansion(&self, parts: &Parts) -> Answer<()> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        Ok(parts.clients.now().powers_with(scopes).map(|_| ())?)
    }
}

/// Clients of the settings are changed there and nowhere else.
pub(super) fn is_changeable(client_id: &str) -> Answer<()> {
    if client_id.starts_with(STATIC) { Err(AuthError::Static(client_id.to_owned())) } else { Ok(()) }
}
