//! Roles that come to very many scopes, although none leads back to itself.
//!
//! A role `a*` with `assume:b<..>0` and `assume:b<..>1` comes to two scopes; if `b*` is like it, to six, and each
//! further level doubles them.

use std::collections::BTreeSet;

use super::{RoleSet, Rule};
use crate::limits::MAX_FILLED_SCOPES;

/// A role that comes to too many scopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the role `{0}` would come to more than {MAX_FILLED_SCOPES} scopes for one name: roles that fill `<..>` in several \
     scopes lead from one to the next, and each of them multiplies the scopes of the one before"
)]
pub struct BranchingRole(pub String);

/// How many scopes a role and all whose names its own begins with fill for one name, at most.
struct Counts<'r> {
    roles: &'r RoleSet,
    with_above: Vec<Option<u64>>,
}

impl RoleSet {
    /// The roles that come to too many scopes, by name.
    pub fn branching_roles(&self) -> BTreeSet<String> {
        let mut counts = Counts { roles: self, with_above: vec![None; self.starred.len()] };
        let places = 0..self.starred.len();
        let branching = places.filter(|place| {
            counts.work_out(*place);
            counts.filled_by(&self.starred[*place]) > MAX_FILLED_SCOPES
        });
        branching.map(|place| format!("{}*", self.starred[place].key)).collect()
    }
}

impl Counts<'_> {
    /// Works out the count of a role, after those of all that it leads to. A loop and no recursion: a way can be as
    /// long as there are roles. It ends, for no role leads back to itself.
    fn work_out(&mut self, place: usize) {
        let mut ahead = vec![(place, false)];
        while let Some((place, is_ready)) = ahead.pop() {
            if self.with_above[place].is_some() {
                continue;
            }
            if is_ready {
                let rule = &self.roles.starred[place];
                let above = rule.above.map_or(0, |above| self.known(above));
                self.with_above[place] = Some(self.filled_by(rule).saturating_add(above));
            } else {
                ahead.push((place, true));
                ahead.extend(
                    self.before(place).filter(|next| self.with_above[*next].is_none()).map(|next| (next, false)),
                );
            }
        }
    }

    /// The roles whose counts are asked for by that of this one.
    fn before(&self, place: usize) -> impl Iterator<Item = usize> {
        let rule = &self.roles.starred[place];
        rule.above.into_iter().chain(rule.wide.iter().flat_map(|text| self.reached(*text)))
    }

    /// The starred roles that a scope can lead to which begins like this text, but for those above them.
    fn reached(&self, text: usize) -> impl Iterator<Item = usize> {
        let reach = &self.roles.texts[text].reach;
        reach.open.clone().chain(reach.longest)
    }

    /// Each template gives a scope, which can lead to one of the reached roles and all above that.
    fn filled_by(&self, rule: &Rule) -> u64 {
        let of_template =
            |text: &usize| 1_u64.saturating_add(self.reached(*text).map(|to| self.known(to)).max().unwrap_or(0));
        rule.wide.iter().map(of_template).fold(0, u64::saturating_add)
    }

    fn known(&self, place: usize) -> u64 {
        self.with_above[place].unwrap_or(0)
    }
}
