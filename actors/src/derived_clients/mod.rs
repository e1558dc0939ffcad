//! Derived clients: made by somebody who is signed in, for a third party or a command line, out of scopes of their own.
//!
//! Owns: which clients are derived, in the database.
//! Woken by: requests; a timer, to find those whose maker has their scopes no more. Emits: `client-*`, through auth.
//!
//! A client is stored with its scopes, and would keep them when its maker loses them. So a derived client is noted before it is
//! created, and disabled, for good, once its maker is gone or does not satisfy its scopes.

mod error;
mod watch;

use std::sync::Arc;

use base::{Clock, Rng};
use db::Db;
pub use db::third_parties::DerivedClient;
pub use error::DerivedClientError;

use crate::{
    auth::{Auth, ClientBody, ClientRow},
    kit::Child,
    sessions::{Identity, Sessions},
};

/// What makes derived clients. Cheap to clone.
#[derive(Clone)]
pub struct DerivedClients {
    db: Db,
    clock: Arc<dyn Clock>,
    auth: Auth,
    sessions: Sessions,
}

type Result<T, E = DerivedClientError> = std::result::Result<T, E>;

impl DerivedClients {
    pub fn new(db: Db, clock: Arc<dyn Clock>, auth: Auth, sessions: Sessions) -> Self {
        Self { db, clock, auth, sessions }
    }

    /// The scopes that `maker` lacks to make this client.
    pub fn lacking(&self, maker: &Identity, client_id: &str, scopes: &[String]) -> Vec<String> {
        let held = self.sessions.powers(maker).unwrap_or_default();
        let create = format!("auth:create-client:{client_id}");
        std::iter::once(&create).chain(scopes).filter(|scope| !held.satisfies(scope)).cloned().collect()
    }

    /// Creates the client and its access token. An identical repeat soon after returns the same.
    pub async fn create(&self, maker: &Identity, client_id: &str, body: ClientBody) -> Result<(ClientRow, String)> {
        body.check(client_id)?;
        if !client_id.starts_with(&maker.derived_prefix()) {
            return Err(DerivedClientError::Prefix(maker.derived_prefix()));
        }
        let lacking = self.lacking(maker, client_id, body.scopes.as_deref().unwrap_or_default());
        if !lacking.is_empty() {
            return Err(DerivedClientError::Lacking(maker.client_id.clone(), lacking));
        }
        let derived = DerivedClient {
            client_id: client_id.to_owned(),
            made_by: maker.client_id.clone(),
            roles: maker.roles.clone(),
        };
        self.db.derived_client_add(&derived, body.expires, self.clock.now()).await?;
        Ok(self.auth.create_client(client_id, body, &maker.client_id).await?)
    }

    /// The actor that disables those whose maker has their scopes no more, to be supervised.
    pub fn watcher(&self, rng: Rng) -> Child {
        watch::child(self.clone(), rng)
    }
}
