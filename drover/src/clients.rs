//! Who may sign requests, as far as settings say.

use api::{Client, Clients};
use protocol::scope::ScopeSet;

use crate::{credentials::Credentials, settings::AuthSettings};

/// The root client, the queue's own, those of the settings, and those that the process brings.
pub(crate) fn all(auth: &AuthSettings, credentials: &Credentials, more: Vec<Client>) -> Clients {
    let root = Client::lasting(&credentials.root_client_id, &credentials.root_access_token, ScopeSet::everything());
    let given = auth.static_clients.iter().map(|client| {
        let scopes = ScopeSet::new(client.scopes.iter().cloned());
        Client::lasting(&client.client_id, client.access_token.reveal(), scopes)
    });
    Clients::fixed(given.chain([root]).chain(more), &credentials.queue_access_token)
}
