//! Clients of the settings, and the keys under which tokens lie: brought in order at every start.

use std::collections::HashMap;

use base::Secret;
use db::auth::{ClientRow, StaticClientRow};

use super::{Answer, Parts, STATIC, clients::QUEUE};

/// A client of the settings.
#[derive(Debug, Clone)]
pub struct StaticClient {
    pub client_id: String,
    pub access_token: Secret,
    pub description: String,
    pub scopes: Vec<String>,
}

/// Stands below every description, for those who would change such a client.
const NOTICE: &str = "This is a client of the deployment's settings. It cannot be changed through the API.";

pub(super) async fn run(parts: &Parts, clients: &[StaticClient]) -> Answer<()> {
    let stored = parts.db.all_clients().await?;
    let by_id: HashMap<&str, &ClientRow> = stored.iter().map(|row| (row.client_id.as_str(), row)).collect();
    let queue = StaticClient {
        client_id: QUEUE.to_owned(),
        access_token: parts.clients.queue().access_token.as_str().into(),
        description: "Issues the credentials of runs and artifacts.".to_owned(),
        scopes: vec!["*".to_owned()],
    };
    let wanted = clients.iter().chain([&queue]).map(|client| row(parts, client, by_id.get(client.client_id.as_str())));
    let written = parts.db.static_clients(&wanted.collect::<Vec<_>>(), parts.clock.now()).await?;
    if written > 0 {
        tracing::info!(clients = written, "clients of the settings were written");
    }
    reseal(parts, &stored).await?;
    let copying = parts.copying().await;
    parts.read_all(&copying).await
}

fn row(parts: &Parts, client: &StaticClient, stored: Option<&&ClientRow>) -> StaticClientRow {
    let StaticClient { client_id, access_token, description, scopes } = client;
    let token = access_token.reveal();
    let kept = stored.and_then(|row| parts.open(client_id, &row.sealed_access_token).ok());
    StaticClientRow {
        client_id: client_id.clone(),
        description: [description, NOTICE].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("\n\n"),
        sealed_access_token: parts.seal(client_id, token),
        changed: kept.is_none_or(|kept| kept != token),
        scopes: scopes.clone(),
    }
}

/// Once this is done everywhere, the older keys can be taken out of the settings.
async fn reseal(parts: &Parts, stored: &[ClientRow]) -> Answer<()> {
    let mut count = 0;
    for ClientRow { client_id, sealed_access_token: old, .. } in stored {
        if !parts.keys.is_old(old) {
            continue;
        }
        match parts.open(client_id, old) {
            Ok(token) => {
                count += u32::from(parts.db.client_reseal(client_id, old, &parts.seal(client_id, &token)).await?);
            }
            // A static client was written anew a moment ago; every other one is told of when the copy is made.
            Err(_) if client_id.starts_with(STATIC) => {}
            Err(error) => tracing::debug!(client.id = client_id, %error, "a token was not sealed anew"),
        }
    }
    if count > 0 {
        tracing::info!(tokens = count, "access tokens were sealed with the newest key");
    }
    Ok(())
}
