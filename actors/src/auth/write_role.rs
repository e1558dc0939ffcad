use std::sync::Arc;

use db::auth::{RoleRow, RoleWrite, RoleWritten};
use protocol::scope::roles::check_role;

use super::{AuthError, Inner, Known, Result, Roles, update_client::by_whom};

/// What a role is to be.
#[derive(Debug, Clone)]
pub struct RoleBody {
    pub description: String,
    pub scopes: Vec<String>,
}

/// Others may change the roles between our read and our write; so often at most.
const TRIES: usize = 5;

pub(super) async fn create(auth: &Inner, role_id: &str, body: RoleBody, by: &str) -> Result<RoleRow> {
    let mut body = body;
    body.scopes.sort();
    body.check(role_id)?;
    write(auth, role_id, &body, true, by, |_| Ok(())).await
}

pub(super) async fn update<E: From<AuthError>>(
    auth: &Inner,
    role_id: &str,
    body: &RoleBody,
    by: &str,
    allow: impl Fn(&[&str]) -> Result<(), E>,
) -> Result<RoleRow, E> {
    body.check(role_id)?;
    let allow_added = |known: &Known| {
        let role = known.role(role_id).ok_or_else(|| AuthError::NoSuchRole(role_id.to_owned()))?;
        // A role that expands to too many scopes counts as giving none, so that it can still be repaired.
        let former = known.roles().expand(&role.row.scopes).unwrap_or_default();
        let added: Vec<&str> = body.scopes.iter().map(String::as_str).filter(|it| !former.satisfies(it)).collect();
        allow(&added)
    };
    write(auth, role_id, body, false, by, allow_added).await
}

pub(super) async fn delete(auth: &Inner, role_id: &str, by: &str) -> Result<()> {
    auth.db.role_delete(role_id, &by_whom(by), auth.clock.now()).await?;
    auth.relay.notify();
    let copying = auth.copying().await;
    auth.follow(&copying).await
}

impl RoleBody {
    fn is(&self, row: &RoleRow) -> bool {
        self.description == row.description && self.scopes == row.scopes
    }

    /// Checks beyond the schema.
    pub fn check(&self, role_id: &str) -> Result<()> {
        Ok(check_role(role_id, self.scopes.iter().map(String::as_str))?)
    }
}

/// Reads all roles, checks them with this one among them, and writes it if they are still the same.
async fn write<E: From<AuthError>>(
    auth: &Inner,
    role_id: &str,
    body: &RoleBody,
    create: bool,
    by: &str,
    allow: impl Fn(&Known) -> Result<(), E>,
) -> Result<RoleRow, E> {
    let copying = auth.copying().await;
    for _ in 0..TRIES {
        // Before a role counts as existing or missing, the copy is refreshed: another process may have changed it.
        if create == auth.clients.now().role(role_id).is_some() {
            auth.follow(&copying).await?;
        }
        let known = auth.clients.now();
        allow(&known)?;
        if create && known.role(role_id).is_some_and(|role| !body.is(&role.row)) {
            return Err(AuthError::RoleExists(role_id.to_owned()).into());
        }
        let roles = compiled(&known, role_id, body)?;
        let version = known.versions.roles;
        let order =
            RoleWrite { role_id, scopes: &body.scopes, description: &body.description, create, roles_version: version };
        let written = auth.db.role_write(&order, &by_whom(by), auth.clock.now()).await.map_err(AuthError::from)?;
        match written {
            RoleWritten::Same(row) => return Ok(row),
            RoleWritten::Differs => return Err(AuthError::RoleExists(role_id.to_owned()).into()),
            RoleWritten::Missing => return Err(AuthError::NoSuchRole(role_id.to_owned()).into()),
            RoleWritten::Outdated => auth.read_all(&copying).await?,
            RoleWritten::Done(row) => {
                auth.relay.notify();
                let roles = roles.with(row.clone());
                auth.clients.replace(known.with_roles(Arc::new(roles), version + 1));
                return Ok(row);
            }
        }
    }
    Err(AuthError::Contended("set of roles").into())
}

/// All roles as they will be. An existing role is compared by the database before anything is written.
fn compiled(known: &Known, role_id: &str, body: &RoleBody) -> Result<Roles> {
    let now = chrono::DateTime::UNIX_EPOCH;
    let (role_id, scopes, description) = (role_id.to_owned(), body.scopes.clone(), body.description.clone());
    let row = RoleRow { role_id, scopes, description, created: now, last_modified: now };
    let changed = row.role_id.clone();
    let roles = known.roles().compile_anew(known.roles().rows_with(row))?;
    roles.check_written(known.roles(), &changed)?;
    Ok(roles)
}
