//! Clients of the settings, and resealing of access tokens, at every start.

use std::collections::HashMap;

use base::Secret;
use db::auth::{ClientRow, StaticClientRow};

use super::{Inner, Result, STATIC, clients::QUEUE};

/// A client of the settings.
#[derive(Debug, Clone)]
pub struct StaticClient {
    pub client_id: String,
    pub access_token: Secret,
    pub description: String,
    pub scopes: Vec<String>,
}

/// Appended to every description, for those who would change such a client.
const NOTICE: &str = "This is a client of the deployment's settings. It cannot be changed through the API.";

pub(super) async fn run(auth: &Inner, clients: &[StaticClient]) -> Result<()> {
    let stored = auth.db.all_clients().await?;
    let by_id: HashMap<&str, &ClientRow> = stored.iter().map(|row| (row.client_id.as_str(), row)).collect();
    let queue = StaticClient {
        client_id: QUEUE.to_owned(),
        access_token: auth.clients.queue().access_token.as_str().into(),
        description: "Issues the credentials of runs and artifacts.".to_owned(),
        scopes: vec!["*".to_owned()],
    };
    let wanted = clients.iter().chain([&queue]).map(|client| row(auth, client, by_id.get(client.client_id.as_str())));
    let written = auth.db.static_clients(&wanted.collect::<Vec<_>>(), auth.clock.now()).await?;
    if written > 0 {
        tracing::info!(clients = written, "static clients written");
    }
    reseal(auth, &stored).await?;
    let copying = auth.copying().await;
    auth.read_all(&copying).await
}

fn row(auth: &Inner, client: &StaticClient, stored: Option<&&ClientRow>) -> StaticClientRow {
    let StaticClient { client_id, access_token, description, scopes } = client;
    let token = access_token.reveal();
    let kept = stored.and_then(|row| auth.open(client_id, &row.sealed_access_token).ok());
    StaticClientRow {
        client_id: client_id.clone(),
        description: [description, NOTICE].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n"),
        sealed_access_token: auth.seal(client_id, token),
        changed: kept.is_none_or(|kept| kept != token),
        scopes: scopes.clone(),
    }
}

/// Once this is done everywhere, the older keys can be taken out of the settings.
async fn reseal(auth: &Inner, stored: &[ClientRow]) -> Result<()> {
    let mut count = 0;
    for ClientRow { client_id, sealed_access_token: old, .. } in stored {
        if !auth.keys.is_old(old) {
            continue;
        }
        match auth.open(client_id, old) {
            Ok(token) => {
                count += u32::from(auth.db.client_reseal(client_id, old, &auth.seal(client_id, &token)).await?);
            }
            // A static client was written a moment ago; every other one is logged when the copy is read.
            Err(_) if client_id.starts_with(STATIC) => {}
            Err(error) => tracing::debug!(client.id = client_id, %error, "access token not resealed"),
        }
    }
    if count > 0 {
        tracing::info!(tokens = count, "access tokens resealed with the newest key");
    }
    Ok(())
}
