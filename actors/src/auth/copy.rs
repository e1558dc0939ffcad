//! How the copy in memory follows the database.

use std::sync::{Arc, OnceLock, atomic::AtomicI64};

use db::auth::{ClientRow, RoleRow};
use tokio::sync::MutexGuard;

use super::{Client, Inner, Known, Result, Roles};

/// The right to replace the copy.
pub(super) type Copying<'p> = MutexGuard<'p, ()>;

impl Inner {
    pub(super) async fn copying(&self) -> Copying<'_> {
        self.copying.lock().await
    }

    /// Reads everything again if anything was changed since the last time.
    pub(super) async fn follow(&self, copying: &Copying<'_>) -> Result<()> {
        if self.db.auth_versions().await? == self.clients.now().versions {
            return Ok(());
        }
        self.read_all(copying).await
    }

    /// Reads everything again. A change between the versions and the rows makes the copy look older than it is, and is
    /// read once more.
    pub(super) async fn read_all(&self, _: &Copying<'_>) -> Result<()> {
        let versions = self.db.auth_versions().await?;
        let before = self.clients.now();
        let rows = self.db.all_clients().await?;
        let roles = if before.versions.roles == versions.roles {
            before.shared_roles()
        } else {
            compile(self.db.all_roles().await?, &before)
        };
        let clients = rows.into_iter().filter_map(|row| self.known(row, &before)).map(Arc::new);
        self.clients.replace(Known::new(clients, roles).at(versions));
        Ok(())
    }

    /// Reads one client again.
    pub(super) async fn read_client(&self, client_id: &str) -> Result<()> {
        let _copying = self.copying().await;
        let before = self.clients.now();
        let client = self.db.client(client_id).await?.and_then(|row| self.known(row, &before));
        self.clients.replace(before.with_client(client_id, client));
        Ok(())
    }

    /// A client whose access token cannot be opened is left out: nobody can sign as it.
    fn known(&self, row: ClientRow, before: &Known) -> Option<Client> {
        let sealed = row.sealed_access_token;
        let access_token = match before.client(&row.client_id) {
            Some(known) if known.sealed.as_ref() == Some(&sealed) => known.access_token.clone(),
            _ => self
                .open(&row.client_id, &sealed)
                .inspect_err(|error| {
                    let error = error as &dyn std::error::Error;
                    tracing::error!(
                        client.id = row.client_id,
                        error,
                        "access token cannot be opened, the client cannot sign requests"
                    );
                })
                .ok()?,
        };
        Some(Client {
            client_id: row.client_id,
            access_token,
            scopes: row.scopes,
            expires: Some(row.expires),
            disabled: row.disabled,
            sealed: Some(sealed),
            used: AtomicI64::new(row.last_date_used.timestamp_millis()),
            expanded: OnceLock::new(),
            with_anonymous: OnceLock::new(),
        })
    }
}

/// Cycles of roles are never written; should there be one all the same, the former roles stay in use.
fn compile(rows: Vec<RoleRow>, before: &Known) -> Arc<Roles> {
    before.roles().compile_anew(rows).map_or_else(
        |cycle| {
            tracing::error!(%cycle, "stored roles cannot be used, the former ones stay in use");
            before.shared_roles()
        },
        Arc::new,
    )
}
