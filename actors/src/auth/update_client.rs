use db::auth::{By, ClientChange, ClientChanged, ClientRow};

use super::{AuthError, ClientBody, Inner, Result, access_token, create_client::is_changeable};

/// Others may change the client between our read and our write; so often at most.
const TRIES: usize = 5;

/// Scopes count as added unless the client has exactly them already. Those that are not added must still be there when the
/// change is written: `allow` did not decide about them.
pub(super) async fn run<E: From<AuthError>>(
    auth: &Inner,
    client_id: &str,
    body: ClientBody,
    by: &str,
    allow: impl Fn(&[&str]) -> Result<(), E>,
) -> Result<ClientRow, E> {
    body.check(client_id)?;
    body.check_expansion(auth)?;
    for _ in 0..TRIES {
        let former = auth.db.client(client_id).await.map_err(AuthError::from)?;
        let former = former.ok_or_else(|| AuthError::NoSuchClient(client_id.to_owned()))?.scopes;
        let wanted = body.scopes.iter().flatten().map(String::as_str);
        let (kept, added): (Vec<&str>, Vec<&str>) = wanted.partition(|scope| former.iter().any(|it| it == scope));
        allow(&added)?;
        let change = ClientChange {
            description: Some(body.description.clone()),
            expires: Some(body.expires),
            scopes: body.scopes.clone(),
            kept: Some(kept.into_iter().map(str::to_owned).collect()),
            delete_on_expiration: Some(body.delete_on_expiration),
            ..ClientChange::default()
        };
        if let Some(row) = write(auth, client_id, &change, "updated", by).await? {
            return Ok(row);
        }
    }
    Err(AuthError::Contended("client").into())
}

pub(super) async fn enable(auth: &Inner, client_id: &str, enabled: bool, by: &str) -> Result<ClientRow> {
    let change = ClientChange { disabled: Some(!enabled), ..ClientChange::default() };
    let action = if enabled { "client enabled" } else { "client disabled" };
    write(auth, client_id, &change, action, by).await?.ok_or(AuthError::Contended("client"))
}

pub(super) async fn reset(auth: &Inner, client_id: &str, by: &str) -> Result<(ClientRow, String)> {
    let token = access_token(&auth.rng);
    let sealed = auth.seal(client_id, &token);
    let change = ClientChange { sealed_access_token: Some(sealed), ..ClientChange::default() };
    let row = write(auth, client_id, &change, "access token reset", by).await?;
    Ok((row.ok_or(AuthError::Contended("client"))?, token))
}

pub(super) async fn delete(auth: &Inner, client_id: &str, by: &str) -> Result<()> {
    is_changeable(client_id)?;
    auth.db.client_delete(client_id, &by_whom(by), auth.clock.now()).await?;
    auth.client_changed(client_id).await
}

/// `None`: a scope that was to be kept is gone.
async fn write(
    auth: &Inner,
    client_id: &str,
    change: &ClientChange,
    action: &str,
    by: &str,
) -> Result<Option<ClientRow>> {
    is_changeable(client_id)?;
    match auth.db.client_change(client_id, change, action, &by_whom(by), auth.clock.now()).await? {
        ClientChanged::Done(row) => {
            auth.client_changed(client_id).await?;
            Ok(Some(*row))
        }
        ClientChanged::Missing => Err(AuthError::NoSuchClient(client_id.to_owned())),
        ClientChanged::Outdated => Ok(None),
    }
}

/// For the history, and for the trace that continues with the event.
pub(super) fn by_whom(client_id: &str) -> By {
    By { client_id: client_id.to_owned(), trace: base::telemetry::traceparent() }
}

impl Inner {
    /// The copy is refreshed before the request returns: what was revoked is refused from then on.
    pub(super) async fn client_changed(&self, client_id: &str) -> Result<()> {
        self.relay.notify();
        self.read_client(client_id).await
    }
}
