use std::sync::{Arc, OnceLock};

use db::auth::RoleRow;
use protocol::scope::{ScopeSet, roles::TooManyScopes};

/// One role.
#[derive(Debug)]
pub struct Role {
    pub row: RoleRow,
    pub(super) expanded: OnceLock<Result<Arc<ScopeSet>, TooManyScopes>>,
}

impl Role {
    pub(super) fn new(row: RoleRow) -> Self {
        Self { row, expanded: OnceLock::new() }
    }
}
