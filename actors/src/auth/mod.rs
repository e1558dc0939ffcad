//! Auth: who may sign requests, and what they may do.
//!
//! Owns: clients, roles and their history, in the database; a copy of all clients and roles in memory, so that no
//! request waits for the database to know its caller.
//! Woken by: requests; a timer, to follow changes of other processes.
//! Emits: `client-*` and `role-*`, through the outbox.

mod cache;
mod claim;
mod client;
mod clients;
mod copy;
mod create_client;
mod error;
mod history;
mod known;
mod public;
mod refresh;
mod role;
mod roles;
mod statics;
#[cfg(test)]
mod tests;
mod token;
mod update_client;
mod write_role;

use std::sync::Arc;

use base::{Clock, KeyRing, Rng};
use chrono::TimeDelta;
pub use claim::Claim;
pub use client::Client;
pub use clients::Clients;
pub use create_client::ClientBody;
use db::Db;
pub use db::auth::{AuditRow, ClientRow, RoleRow};
pub use error::AuthError;
pub use known::Known;
pub use public::PUBLIC_READ;
pub use role::Role;
pub use roles::Roles;
pub use statics::StaticClient;
pub use token::access_token;
use tokio::sync::Mutex;
pub use write_role::RoleBody;

use crate::kit::{Child, Notifier, Page, PageAfter};

/// The auth service.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    rng: Rng,
    keys: Arc<KeyRing>,
    relay: Notifier,
    clients: Clients,
    /// Held while the copy is brought up to date, so that it never goes back in time.
    copying: Mutex<()>,
}

type Result<T, E = AuthError> = std::result::Result<T, E>;

/// Ids that begin so belong to the settings.
const STATIC: &str = "static/";

impl Auth {
    /// Knows no client before [`Auth::start`]. `queue_token` is the key of all credentials given to runs, the same in
    /// every process; `longest_bewit` how long a signed URL may be good for.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        rng: Rng,
        keys: Arc<KeyRing>,
        relay: Notifier,
        queue_token: &str,
        longest_bewit: TimeDelta,
    ) -> Self {
        let clients = Clients::fixed([], queue_token).with_longest_bewit(longest_bewit);
        Self(Arc::new(Inner { db, clock, rng, keys, relay, clients, copying: Mutex::new(()) }))
    }

    /// Replaces the clients below `static/` by these, reseals with the newest key what an older one sealed, and loads all
    /// clients and roles.
    pub async fn start(&self, clients: &[StaticClient]) -> Result<()> {
        statics::run(&self.0, clients).await
    }

    /// Loads all clients and roles, and changes nothing.
    pub async fn load(&self) -> Result<()> {
        self.0.refresh().await
    }

    /// Lets everybody do this too, signed or not, whatever a stored role `anonymous` says. Before [`Auth::start`].
    pub fn grant_everybody(&self, scopes: &[&str]) {
        let clients = &self.0.clients;
        let granted = Roles::granting(scopes.iter().map(|scope| (*scope).to_owned()));
        clients.replace(clients.now().with_roles(Arc::new(granted), 0));
    }

    /// The actor that keeps the copy up to date, to be supervised.
    pub fn refresher(&self) -> Child {
        refresh::child(self.0.clone())
    }

    /// The copy, for those who check requests.
    pub fn clients(&self) -> &Clients {
        &self.0.clients
    }

    /// Creates a client and its access token. An identical repeat soon after returns the same.
    pub async fn create_client(&self, client_id: &str, body: ClientBody, by: &str) -> Result<(ClientRow, String)> {
        create_client::run(&self.0, client_id, body, by).await
    }

    /// One client, as it is stored.
    pub async fn client(&self, client_id: &str) -> Result<ClientRow> {
        self.0.db.client(client_id).await?.ok_or_else(|| AuthError::NoSuchClient(client_id.to_owned()))
    }

    /// Clients whose ids begin so, in the order of their ids.
    pub async fn list_clients(&self, prefix: &str, page: PageAfter<String>) -> Result<Page<ClientRow, String>> {
        let rows = self.0.db.clients(prefix, page.after.as_deref(), one_more(page.limit)).await?;
        Ok(Page::cut(rows, page.limit, |row| row.client_id.clone()))
    }

    /// Replaces description and expiry, and the scopes if there are any. `allow` decides whether these scopes, which the
    /// client did not have before, may be added; it is called again when somebody else removes some meanwhile.
    pub async fn update_client<E: From<AuthError>>(
        &self,
        client_id: &str,
        body: ClientBody,
        by: &str,
        allow: impl Fn(&[&str]) -> Result<(), E>,
    ) -> Result<ClientRow, E> {
        update_client::run(&self.0, client_id, body, by, allow).await
    }

    /// Lets a client sign requests, or not.
    pub async fn enable_client(&self, client_id: &str, enabled: bool, by: &str) -> Result<ClientRow> {
        update_client::enable(&self.0, client_id, enabled, by).await
    }

    /// A new access token; the old one, and whatever was made with it, is good for nothing.
    pub async fn reset_access_token(&self, client_id: &str, by: &str) -> Result<(ClientRow, String)> {
        update_client::reset(&self.0, client_id, by).await
    }

    /// There is no such client afterwards.
    pub async fn delete_client(&self, client_id: &str, by: &str) -> Result<()> {
        update_client::delete(&self.0, client_id, by).await
    }

    /// Creates a role. The same again is success.
    pub async fn create_role(&self, role_id: &str, body: RoleBody, by: &str) -> Result<RoleRow> {
        write_role::create(&self.0, role_id, body, by).await
    }

    /// Replaces a role. `allow` decides whether these scopes, which the role did not give before, may be added; it is
    /// called again when somebody else changes the roles meanwhile.
    pub async fn update_role<E: From<AuthError>>(
        &self,
        role_id: &str,
        body: &RoleBody,
        by: &str,
        allow: impl Fn(&[&str]) -> Result<(), E>,
    ) -> Result<RoleRow, E> {
        write_role::update(&self.0, role_id, body, by, allow).await
    }

    /// There is no such role afterwards.
    pub async fn delete_role(&self, role_id: &str, by: &str) -> Result<()> {
        write_role::delete(&self.0, role_id, by).await
    }

    /// What was done to a client, a role, a secret and so on, oldest first.
    pub async fn history_of(&self, kind: &str, id: &str, page: PageAfter<i64>) -> Result<Page<AuditRow, i64>> {
        history::of_entity(&self.0, kind, id, page).await
    }

    /// What a client did, oldest first.
    pub async fn history_by(&self, client_id: &str, page: PageAfter<i64>) -> Result<Page<AuditRow, i64>> {
        history::of_client(&self.0, client_id, page).await
    }
}

/// One row more than the page tells whether there is a next one.
fn one_more(limit: i64) -> i32 {
    i32::try_from(limit + 1).unwrap_or(i32::MAX)
}
