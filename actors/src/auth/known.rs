use std::{collections::HashMap, sync::Arc};

use db::auth::AuthVersions;
use protocol::scope::{ScopeSet, roles::TooManyScopes};

use super::{Claim, Client, Role, Roles, cache::Cache};

/// All clients and roles at one moment. It never changes.
#[derive(Debug)]
pub struct Known {
    clients: HashMap<String, Arc<Client>>,
    roles: Arc<Roles>,
    /// What the database counted when these were read, or a little before.
    pub(super) versions: AuthVersions,
    claims: Cache,
}

impl Known {
    pub fn new(clients: impl IntoIterator<Item = Arc<Client>>, roles: Arc<Roles>) -> Self {
        let clients = clients.into_iter().map(|client| (client.client_id.clone(), client)).collect();
        Self::of(clients, roles)
    }

    pub fn client(&self, client_id: &str) -> Option<&Arc<Client>> {
        self.clients.get(client_id)
    }

    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// What a client may give to others: its scopes with what roles add.
    pub fn scopes_of(&self, client: &Client) -> Result<Arc<ScopeSet>, TooManyScopes> {
        client.expanded.get_or_init(|| self.roles.expand(&client.scopes).map(Arc::new)).clone()
    }

    /// What a client may do: that, and what everybody may do.
    pub fn powers_of(&self, client: &Client) -> Result<Arc<ScopeSet>, TooManyScopes> {
        let expand = || self.roles.expand_with_anonymous(&client.scopes).map(Arc::new);
        client.with_anonymous.get_or_init(expand).clone()
    }

    /// What the holder of these scopes may do.
    pub fn powers_with(&self, scopes: &[String]) -> Result<Arc<ScopeSet>, TooManyScopes> {
        self.roles.expand_with_anonymous(scopes).map(Arc::new)
    }

    /// What was found about a signer who wrote this `ext`. Only its times are to be checked again.
    pub fn claim(&self, id: &str, ext: &str) -> Option<Arc<Claim>> {
        self.claims.get(id, ext)
    }

    /// Keeps what was found, for as long as no client and no role changes.
    pub fn remember(&self, id: &str, ext: &str, claim: Arc<Claim>) {
        self.claims.put(id, ext, claim);
    }

    /// What everybody may do.
    pub fn anonymous(&self) -> &Arc<ScopeSet> {
        self.roles.anonymous()
    }

    /// One role.
    pub fn role(&self, role_id: &str) -> Option<&Role> {
        self.roles.get(role_id)
    }

    pub(super) fn at(self, versions: AuthVersions) -> Self {
        Self { versions, ..self }
    }

    /// The same with one client put in, replaced or taken out.
    pub(super) fn with_client(&self, client_id: &str, client: Option<Client>) -> Self {
        let mut clients = self.clients.clone();
        match client {
            Some(client) => clients.insert(client_id.to_owned(), Arc::new(client)),
            None => clients.remove(client_id),
        };
        Self { versions: self.versions, ..Self::of(clients, self.roles.clone()) }
    }

    /// The same clients beside other roles.
    pub(super) fn with_roles(&self, roles: Arc<Roles>, version: i64) -> Self {
        let clients = self.clients.iter().map(|(id, client)| (id.clone(), Arc::new(client.anew()))).collect();
        Self { versions: AuthVersions { roles: version, ..self.versions }, ..Self::of(clients, roles) }
    }

    fn of(clients: HashMap<String, Arc<Client>>, roles: Arc<Roles>) -> Self {
        Self { clients, roles, versions: AuthVersions::default(), claims: Cache::default() }
    }

    pub(super) fn shared_roles(&self) -> Arc<Roles> {
        self.roles.clone()
    }
}
