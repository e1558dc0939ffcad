use std::sync::Arc;

use db::auth::RoleRow;
use protocol::scope::{
    RoleSet, ScopeSet,
    roles::{self, BranchingRole, RoleCycle, TooManyScopes},
};

use super::{AuthError, Role};

const ANONYMOUS_ROLE: &str = "anonymous";
const ANONYMOUS: &str = "assume:anonymous";

/// All roles, and what they make of scopes.
#[derive(Debug)]
pub struct Roles {
    /// In the order of their ids.
    list: Vec<Role>,
    set: RoleSet,
    anonymous: Arc<ScopeSet>,
    /// What the settings let everybody do besides what a stored role `anonymous` says.
    granted: Arc<[String]>,
}

impl Default for Roles {
    fn default() -> Self {
        Self::of(Vec::new(), RoleSet::default(), Arc::default())
    }
}

impl Roles {
    /// Refused when a role leads back to itself.
    pub fn compile(rows: Vec<RoleRow>) -> Result<Self, RoleCycle> {
        Self::default().compile_anew(rows)
    }

    /// Other rows beside the same grant.
    pub(super) fn compile_anew(&self, mut rows: Vec<RoleRow>) -> Result<Self, RoleCycle> {
        rows.sort_by(|a, b| a.role_id.cmp(&b.role_id));
        let granted = self.granted.clone();
        Ok(Self::of(rows.clone(), compiled(&rows, &granted)?, granted))
    }

    /// No stored roles, and these scopes for everybody: they lead to no other role.
    pub(super) fn granting(scopes: impl IntoIterator<Item = String>) -> Self {
        let granted: Arc<[String]> = scopes.into_iter().collect();
        let set = compiled(&[], &granted).unwrap_or_default();
        Self::of(Vec::new(), set, granted)
    }

    /// In the order of their ids.
    pub fn list(&self) -> &[Role] {
        &self.list
    }

    pub fn get(&self, role_id: &str) -> Option<&Role> {
        let place = self.list.binary_search_by(|role| role.row.role_id.as_str().cmp(role_id));
        place.ok().map(|place| &self.list[place])
    }

    /// At most `limit` roles after the given id, and whether there are more.
    pub fn after(&self, role_id: Option<&str>, limit: usize) -> (&[Role], bool) {
        let start = role_id.map_or(0, |id| self.list.partition_point(|role| role.row.role_id.as_str() <= id));
        let end = start.saturating_add(limit).min(self.list.len());
        (&self.list[start..end], end < self.list.len())
    }

    /// Whether a role may be written that makes the former roles these. A role that comes to too many scopes is refused
    /// unless it did so before: those stored by older versions must not prevent their repair.
    pub(super) fn check_written(&self, former: &Self, role_id: &str) -> Result<(), AuthError> {
        let branching = self.set.branching_roles();
        if !branching.is_empty() {
            let before = former.set.branching_roles();
            if let Some(new) = branching.into_iter().find(|role| !before.contains(role)) {
                return Err(BranchingRole(new).into());
            }
        }
        // What the star matches can lead on too; a name that stands for any shows whether it does so without end.
        let assumed =
            [format!("assume:{}", role_id.strip_suffix('*').map_or(role_id.to_owned(), |key| format!("{key}x")))];
        self.expand(&assumed)?;
        Ok(self.set.expand([ANONYMOUS]).map(|_| ())?)
    }

    /// These scopes and what roles add to them, in normal form.
    pub fn expand(&self, scopes: &[String]) -> Result<ScopeSet, TooManyScopes> {
        self.set.expand(scopes.iter().map(String::as_str))
    }

    /// What the holder of a role comes to hold.
    pub fn expanded(&self, role: &Role) -> Result<Arc<ScopeSet>, TooManyScopes> {
        let expand = || self.expand(&[format!("assume:{}", role.row.role_id)]).map(Arc::new);
        role.expanded.get_or_init(expand).clone()
    }

    pub(super) fn expand_with_anonymous(&self, scopes: &[String]) -> Result<ScopeSet, TooManyScopes> {
        self.set.expand(scopes.iter().map(String::as_str).chain([ANONYMOUS]))
    }

    pub(super) fn anonymous(&self) -> &Arc<ScopeSet> {
        &self.anonymous
    }

    /// The rows, with one replaced or put in.
    pub(super) fn rows_with(&self, row: RoleRow) -> Vec<RoleRow> {
        let others = self.list.iter().filter(|role| role.row.role_id != row.role_id);
        let mut rows: Vec<RoleRow> = others.map(|role| role.row.clone()).collect();
        rows.push(row);
        rows
    }

    /// The same, with a row as it was stored in place of the one that was planned.
    pub(super) fn with(mut self, row: RoleRow) -> Self {
        if let Ok(place) = self.list.binary_search_by(|role| role.row.role_id.cmp(&row.role_id)) {
            self.list[place] = Role::new(row);
        }
        self
    }

    fn of(rows: Vec<RoleRow>, set: RoleSet, granted: Arc<[String]>) -> Self {
        let anonymous = Arc::new(set.expand([ANONYMOUS]).unwrap_or_else(|error| {
            tracing::error!(%error, "the role `anonymous` cannot be expanded");
            ScopeSet::new([ANONYMOUS])
        }));
        let list = rows.into_iter().map(Role::new).collect();
        Self { list, set, anonymous, granted }
    }
}

/// The grant is one role more of the name `anonymous`, or adds to the one that is stored; the row stays as it is.
fn compiled(rows: &[RoleRow], granted: &[String]) -> Result<RoleSet, RoleCycle> {
    let mut words: Vec<roles::Role> = rows
        .iter()
        .filter(|row| row.role_id != ANONYMOUS_ROLE)
        .map(|row| roles::Role::new(&row.role_id, &row.scopes))
        .collect();
    let stored = rows.iter().filter(|row| row.role_id == ANONYMOUS_ROLE).flat_map(|row| &row.scopes);
    let anonymous: Vec<String> = stored.chain(granted).cloned().collect();
    if !anonymous.is_empty() {
        words.push(roles::Role::new(ANONYMOUS_ROLE, &anonymous));
    }
    RoleSet::compile(&words)
}
