//! Roles: whoever holds `assume:<roleId>` holds the scopes of that role too.
//!
//! A role whose name ends in `*` is held by all who hold a name that begins like it; in its scopes, `<..>` stands for
//! what the star matched. Roles may lead to further roles, never back to themselves.
//!
//! Everything that can be known without the caller's scopes is worked out in [`RoleSet::compile`]: every scope that a
//! role gives as it stands has a number, in the order of the normal form, and knows which roles it leads to. An
//! expansion then marks numbers, and writes out only the scopes in which `<..>` was filled.

mod branching;
mod check;
mod compile;
mod cycle;
mod expand;
mod reach;

pub use branching::BranchingRole;
pub use check::{RoleFault, check_role};
pub use cycle::RoleCycle;
pub use expand::TooManyScopes;

use self::reach::Reach;

/// A role, as far as scopes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub role_id: String,
    pub scopes: Vec<String>,
}

/// All roles, made ready for expanding scopes with them.
#[derive(Debug, Default)]
pub struct RoleSet {
    /// Roles without a star at their end, by name.
    plain: Vec<Rule>,
    /// Roles with one, by what stands before it.
    starred: Vec<Rule>,
    /// Scopes that stand in a role as they are given, each once, in the order of the normal form.
    texts: Vec<Text>,
}

/// One role. Scopes are indexes into the texts.
#[derive(Debug)]
struct Rule {
    /// The name, without the star at its end.
    key: String,
    /// Scopes that the role gives whatever the star matched.
    always: Vec<usize>,
    /// What its templates come to when the star matched any ending there is.
    wide: Vec<usize>,
    templates: Vec<Template>,
    /// The starred role with the longest name that this one's begins with.
    above: Option<usize>,
}

/// A scope with `<..>` in it.
#[derive(Debug)]
struct Template {
    before: String,
    after: String,
}

#[derive(Debug)]
struct Text {
    scope: String,
    reach: Reach,
}

/// What scopes begin with that make their holder assume a role.
const ASSUME: &str = "assume:";

/// Stands for what the star at the end of a role's name matched.
const HOLE: &str = "<..>";

impl Role {
    pub fn new(role_id: impl Into<String>, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { role_id: role_id.into(), scopes: scopes.into_iter().map(Into::into).collect() }
    }
}

impl Template {
    /// A star at the end of what was matched stands for any ending, so that nothing can be said of what comes after.
    fn fill(&self, matched: &str) -> String {
        let after = if matched.ends_with('*') { "" } else { &self.after };
        [&self.before, matched, after].concat()
    }
}

#[cfg(test)]
mod tests;
