use db::auth::{By, ClientChange, ClientChanged, ClientRow};

use super::{Answer, AuthError, ClientBody, Parts, access_token, create_client::is_changeable};

/// Others may change the client between our look and our write, so often at most.
const TRIES: usize = 5;

/// Scopes count as added unless they stand there already, letter by letter. Those that are not added must still be there
/// when the change is written: nobody asked whether the caller may give them.
pub(super) async fn run<E: From<AuthError>>(
    parts: &Parts,
    client_id: &str,
    body: ClientBody,
    by: &str,
    allow: impl Fn(&[&str]) -> Result<(), E>,
) -> Result<ClientRow, E> {
    body.check(client_id)?;
    body.check_expansion(parts)?;
    for _ in 0..TRIES {
        let former = parts.db.client(client_id).await.map_err(AuthError::from)?;
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
        if let Some(row) = write(parts, client_id, &change, "updated", by).await? {
            return Ok(row);
        }
    }
    Err(AuthError::Contended("client").into())
}

pub(super) async fn enable(parts: &Parts, client_id: &str, enabled: bool, by: &str) -> Answer<ClientRow> {
    let change = ClientChange { disabled: Some(!enabled), ..ClientChange::default() };
    let action = if enabled { "client enabled" } else { "client disabled" };
    write(parts, client_id, &change, action, by).await?.ok_or(AuthError::Contended("client"))
}

pub(super) async fn reset(parts: &Parts, client_id: &str, by: &str) -> Answer<(ClientRow, String)> {
    let token = access_token(&parts.rng);
    let sealed = parts.seal(client_id, &token);
    let change = ClientChange { sealed_access_token: Some(sealed), ..ClientChange::default() };
    let row = write(parts, client_id, &change, "access token reset", by).await?;
    Ok((row.ok_or(AuthError::Contended("client"))?, token))
}

pub(super) async fn delete(parts: &Parts, client_id: &str, by: &str) -> Answer<()> {
    is_changeable(client_id)?;
    parts.db.client_delete(client_id, &by_whom(by), parts.clock.now()).await?;
    parts.client_changed(client_id).await
}

/// `None`: a scope that was to be kept is gone.
async fn write(
    parts: &Parts,
    client_id: &str,
    change: &ClientChange,
    action: &str,
    by: &str,
) -> Answer<Option<ClientRow>> {
    is_changeable(client_id)?;
    match parts.db.client_change(client_id, change, action, &by_whom(by), parts.clock.now()).await? {
        ClientChanged::Done(row) => {
            parts.client_changed(client_id).await?;
            Ok(Some(*row))
        }
        ClientChanged::Missing => Err(AuthError::NoSuchClient(client_id.to_owned())),
        ClientChanged::Outdated => Ok(None),
    }
}

/// For the history, and for the trace that goes on with the event.
pub(super) fn by_whom(client_id: &str) -> By {
    By { client_id: client_id.to_owned(), trace: base::telemetry::traceparent() }
}

impl Parts {
    /// The copy follows before the change is answered: what was taken away is good for nothing from then on.
    pub(super) async fn client_changed(&self, client_id: &str) -> Answer<()> {
        self.relay.notify();
        self.read_client(client_id).await
    }
}
