//! Clients that belong to the settings.

use std::collections::BTreeSet;

use actors::auth::StaticClient;

use crate::{credentials::Credentials, service::StartError, settings::AuthSettings};

/// What their ids begin with: nobody can make such a client through the API.
const STATIC: &str = "static/";

/// The root client, those of the settings, and those that the process brings. The queue's own is added by auth.
pub(crate) fn all(
    auth: &AuthSettings,
    credentials: &Credentials,
    more: Vec<StaticClient>,
) -> Result<Vec<StaticClient>, StartError> {
    let root = StaticClient {
        client_id: credentials.root_client_id.clone(),
        access_token: credentials.root_access_token.clone(),
        description: "May do everything.".to_owned(),
        scopes: vec!["*".to_owned()],
    };
    let given = auth.static_clients.iter().cloned().map(|client| StaticClient {
        client_id: client.client_id,
        access_token: client.access_token,
        description: client.description,
        scopes: client.scopes,
    });
    let all: Vec<StaticClient> = given.chain([root]).chain(more).collect();
    check(&all)?;
    Ok(all)
}

fn check(clients: &[StaticClient]) -> Result<(), StartError> {
    let mut seen = BTreeSet::from(["static/taskcluster/queue"]);
    for StaticClient { client_id, .. } in clients {
        if !client_id.starts_with(STATIC) {
            let words = format!("the client `{client_id}` of the settings must have an id that begins with `{STATIC}`");
            return Err(StartError::Setting(words));
        }
        if !seen.insert(client_id) {
            let words = format!("the client `{client_id}` stands in the settings twice, or is one of Drover's own");
            return Err(StartError::Setting(words));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(client_id: &str) -> StaticClient {
        let (client_id, access_token) = (client_id.to_owned(), "t".into());
        StaticClient { client_id, access_token, description: String::new(), scopes: Vec::new() }
    }

    #[test]
    fn ids_that_others_could_take_are_refused() {
        assert!(check(&[client("static/a"), client("static/b")]).is_ok());
        let words = |clients: &[StaticClient]| check(clients).unwrap_err().to_string();
        assert!(words(&[client("me")]).contains("static/"));
        assert!(words(&[client("static/a"), client("static/a")]).contains("twice"));
        assert!(words(&[client("static/taskcluster/queue")]).contains("Drover's own"));
    }
}
