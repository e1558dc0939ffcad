use std::sync::{Arc, OnceLock};

use db::auth::RoleRow;
use protocol::scope::ScopeSet;

/// One role.
#[derive(Debug)]
pub struct Role {
    pub row: RoleRow,
    pub(super) expanded: OnceLock<Arc<ScopeSet>>,
}

impl Role {
    pub(super) fn new(row: RoleRow) -> Self {
        Self { row, expanded: OnceLock::new() }
    }
}
