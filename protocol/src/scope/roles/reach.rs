//! Which roles a scope leads to.

use std::ops::Range;

use super::{ASSUME, RoleSet, Rule};

/// The roles that one scope leads to, as places among the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reach {
    pub plain: Range<usize>,
    /// Starred roles whose whole beginning is left open by the scope: their star matched any ending.
    pub open: Range<usize>,
    /// The starred role with the longest name that the scope begins with. All above it are led to as well.
    pub longest: Option<usize>,
}

impl Reach {
    /// The scope leads nowhere.
    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.open.is_empty() && self.longest.is_none()
    }
}

impl RoleSet {
    /// What this scope leads to.
    ///
    /// `*` holds everything there is without any role, so it counts as leading nowhere: a role may give it.
    pub(super) fn reach(&self, scope: &str) -> Reach {
        if scope == "*" {
            return Reach::default();
        }
        let Some(begin) = scope.strip_suffix('*') else {
            return scope.strip_prefix(ASSUME).map_or_else(Reach::default, |name| self.reach_of_name(name));
        };
        if ASSUME.starts_with(begin) {
            return Reach { plain: 0..self.plain.len(), open: 0..self.starred.len(), longest: None };
        }
        begin.strip_prefix(ASSUME).map_or_else(Reach::default, |begin| self.reach_of_beginning(begin))
    }

    fn reach_of_name(&self, name: &str) -> Reach {
        let first = self.plain.partition_point(|rule| rule.key.as_str() < name);
        let after = first + self.plain[first..].iter().take_while(|rule| rule.key == name).count();
        let below = self.starred.partition_point(|rule| rule.key.as_str() <= name);
        Reach { plain: first..after, open: 0..0, longest: self.longest(below, name) }
    }

    fn reach_of_beginning(&self, begin: &str) -> Reach {
        let open = beginning_with(&self.starred, begin);
        let longest = self.longest(open.start, begin);
        Reach { plain: beginning_with(&self.plain, begin), open, longest }
    }

    /// Of the starred roles before this place, the longest with which `name` begins. Whatever sorts between such a
    /// role and `name` begins with that role too, so it is the last one before the place, or stands above that.
    fn longest(&self, below: usize, name: &str) -> Option<usize> {
        let last = below.checked_sub(1)?;
        self.upwards(Some(last)).find(|place| name.starts_with(&self.starred[*place].key))
    }

    /// This starred role and all whose names it begins with.
    pub(super) fn upwards(&self, from: Option<usize>) -> impl Iterator<Item = usize> {
        std::iter::successors(from, |place| self.starred[*place].above)
    }
}

/// The rules, sorted by key, whose keys begin so.
fn beginning_with(rules: &[Rule], begin: &str) -> Range<usize> {
    let first = rules.partition_point(|rule| rule.key.as_str() < begin);
    let count = rules[first..].partition_point(|rule| rule.key.starts_with(begin));
    first..first + count
}

/// For each of these rules, sorted by key, the last one before it with whose key its own begins.
pub(super) fn link_above(rules: &mut [Rule]) {
    let mut open: Vec<usize> = Vec::new();
    for place in 0..rules.len() {
        while open.pop_if(|last| !rules[place].key.starts_with(&rules[*last].key)).is_some() {}
        rules[place].above = open.last().copied();
        open.push(place);
    }
}
