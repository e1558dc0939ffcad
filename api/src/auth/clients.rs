use std::{collections::HashMap, sync::Arc};

use protocol::{scope::ScopeSet, time::Timestamp};

/// The client that issues the credentials of runs and artifacts.
const QUEUE: &str = "static/taskcluster/queue";

/// Who may sign requests.
#[derive(Debug, Clone)]
pub struct Client {
    pub client_id: String,
    pub access_token: String,
    /// Expanded.
    pub scopes: Arc<ScopeSet>,
    pub expires: Option<Timestamp>,
    pub disabled: bool,
}

impl Client {
    /// A client that never expires.
    pub fn lasting(client_id: &str, access_token: &str, scopes: ScopeSet) -> Self {
        Self {
            client_id: client_id.to_owned(),
            access_token: access_token.to_owned(),
            scopes: Arc::new(scopes),
            expires: None,
            disabled: false,
        }
    }
}

/// All known clients. Its clones see the same table.
#[derive(Debug, Clone)]
pub struct Clients {
    table: Arc<HashMap<String, Arc<Client>>>,
    queue: Arc<Client>,
}

impl Clients {
    /// The clients of the settings, and the queue's own. `queue_token` is the key of all credentials given to runs:
    /// those of before a restart stay good only if it is the same afterwards, and in every process.
    pub fn fixed(clients: impl IntoIterator<Item = Client>, queue_token: &str) -> Self {
        let queue = Arc::new(Client::lasting(QUEUE, queue_token, ScopeSet::everything()));
        let named = clients.into_iter().map(Arc::new).chain([Arc::clone(&queue)]);
        let table = named.map(|client| (client.client_id.clone(), client)).collect();
        Self { table: Arc::new(table), queue }
    }

    /// One client and nobody else, who issues nothing.
    pub(crate) fn alone(client: Client) -> Self {
        let client = Arc::new(client);
        Self { table: Arc::new(HashMap::from([(client.client_id.clone(), Arc::clone(&client))])), queue: client }
    }

    pub fn find(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.table.get(client_id)
    }

    /// The issuer of the queue's temporary credentials.
    pub fn queue(&self) -> &Client {
        &self.queue
    }

    /// Adds what the roles among `scopes` give. There are no roles yet, so it is the set itself.
    #[expect(clippy::unused_self, reason = "roles will stand beside the clients")]
    pub(crate) fn expand(&self, scopes: ScopeSet) -> ScopeSet {
        scopes
    }
}
