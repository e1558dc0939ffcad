use db::auth::{ClientRow, NewClient};
use protocol::time::Timestamp;

use super::{AuthError, Inner, Result, STATIC, access_token, update_client::by_whom};

/// What a client is to be.
#[derive(Debug, Clone)]
pub struct ClientBody {
    pub description: String,
    pub expires: Timestamp,
    /// `None`: none, or when updating, those it has.
    pub scopes: Option<Vec<String>>,
    pub delete_on_expiration: bool,
}

pub(super) async fn run(auth: &Inner, client_id: &str, body: ClientBody, by: &str) -> Result<(ClientRow, String)> {
    body.check(client_id)?;
    body.check_expansion(auth)?;
    let token = access_token(&auth.rng);
    let client = NewClient {
        client_id: client_id.to_owned(),
        description: body.description,
        sealed_access_token: auth.seal(client_id, &token),
        scopes: body.scopes.unwrap_or_default(),
        expires: body.expires,
        delete_on_expiration: body.delete_on_expiration,
    };
    let created = auth.db.client_create(&client, &by_whom(by), auth.clock.now()).await?;
    if !created.same {
        return Err(AuthError::ClientExists(client_id.to_owned()));
    }
    auth.client_changed(client_id).await?;
    // A repeat returns the token of the first time.
    let token = auth.open(client_id, &created.client.sealed_access_token)?;
    Ok((created.client, token))
}

impl ClientBody {
    /// Checks beyond the schema.
    pub fn check(&self, client_id: &str) -> Result<()> {
        is_changeable(client_id)?;
        let faulty = self.scopes.iter().flatten().find(|scope| scope.ends_with("**"));
        faulty.map_or(Ok(()), |scope| Err(AuthError::DoubleStar(scope.clone())))
    }
}

impl ClientBody {
    /// A client with too many scopes could not sign in.
    pub(super) fn check_expansion(&self, auth: &Inner) -> Result<()> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        Ok(auth.clients.now().powers_with(scopes).map(|_| ())?)
    }
}

/// Clients of the settings are changed there and nowhere else.
pub(super) fn is_changeable(client_id: &str) -> Result<()> {
    if client_id.starts_with(STATIC) { Err(AuthError::Static(client_id.to_owned())) } else { Ok(()) }
}
