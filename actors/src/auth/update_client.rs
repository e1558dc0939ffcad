use db::auth::{By, ClientChange, ClientRow};

use super::{Answer, AuthError, ClientBody, Parts, access_token, create_client::is_changeable};

pub(super) async fn run(parts: &Parts, client_id: &str, body: ClientBody, by: &str) -> Answer<ClientRow> {
    body.check(client_id)?;
    let change = ClientChange {
        description: Some(body.description),
        expires: Some(body.expires),
        scopes: body.scopes,
        delete_on_expiration: Some(body.delete_on_expiration),
        ..ClientChange::default()
    };
    write(parts, client_id, &change, "updated", by).await
}

pub(super) async fn enable(parts: &Parts, client_id: &str, enabled: bool, by: &str) -> Answer<ClientRow> {
    let change = ClientChange { disabled: Some(!enabled), ..ClientChange::default() };
    write(parts, client_id, &change, if enabled { "client enabled" } else { "client disabled" }, by).await
}

pub(super) async fn reset(parts: &Parts, client_id: &str, by: &str) -> Answer<(ClientRow, String)> {
    let token = access_token(&parts.entropy);
    let sealed = parts.seal(client_id, &token);
    let change = ClientChange { sealed_access_token: Some(sealed), ..ClientChange::default() };
    Ok((write(parts, client_id, &change, "access token reset", by).await?, token))
}

pub(super) async fn delete(parts: &Parts, client_id: &str, by: &str) -> Answer<()> {
    is_changeable(client_id)?;
    parts.db.client_delete(client_id, &by_whom(by), parts.clock.now()).await?;
    parts.client_changed(client_id).await
}

async fn write(parts: &Parts, client_id: &str, change: &ClientChange, action: &str, by: &str) -> Answer<ClientRow> {
    is_changeable(client_id)?;
    let changed = parts.db.client_update(client_id, change, action, &by_whom(by), parts.clock.now()).await?;
    let row = changed.ok_or_else(|| AuthError::NoSuchClient(client_id.to_owned()))?;
    parts.client_changed(client_id).await?;
    Ok(row)
}

/// For the history, and for the trace that goes on with the event.
pub(super) fn by_whom(client_id: &str) -> By {
    By { client_id: client_id.to_owned(), trace: base::telemetry::traceparent() }
}

impl Parts {
    /// The copy follows before the change is answered: what was taken away is good for nothing from then on.
    pub(super) async fn client_changed(&self, client_id: &str) -> Answer<()> {
        (self.relay)();
        self.read_client(client_id).await
    }
}
