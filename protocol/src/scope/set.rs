use std::{borrow::Cow, cmp::Ordering};

use super::satisfies;

/// A set of scopes in normal form: sorted, each once, and none that another one covers.
///
/// The order is that of the letters before a trailing `*`. Nothing then stands between a pattern and what it covers,
/// so that one binary search answers whether a scope is held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(Vec<String>);

impl ScopeSet {
    /// The normal form of any list of scopes.
    pub fn new(scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut sorted: Vec<String> = scopes.into_iter().map(Into::into).collect();
        sorted.sort_by(|a, b| compare(a, b));
        sorted.dedup_by(|next, kept| satisfies(kept, next));
        Self(sorted)
    }

    /// The normal form of two lists, each already in the order of the normal form.
    pub(super) fn merge<'a>(
        one: impl Iterator<Item = Cow<'a, str>>,
        other: impl Iterator<Item = Cow<'a, str>>,
    ) -> Self {
        let (mut one, mut other) = (one.peekable(), other.peekable());
        let mut kept: Vec<String> = Vec::new();
        while let Some(next) = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) if compare(a, b).is_gt() => other.next(),
            (Some(_), _) => one.next(),
            (None, _) => other.next(),
        } {
            if !kept.last().is_some_and(|kept| satisfies(kept, &next)) {
                kept.push(next.into_owned());
            }
        }
        Self(kept)
    }

    /// The set that satisfies everything.
    pub fn everything() -> Self {
        Self(vec!["*".to_owned()])
    }

    pub fn holds_everything(&self) -> bool {
        self.0.first().is_some_and(|first| first == "*")
    }

    /// Whether this one scope is held.
    pub fn satisfies(&self, required: &str) -> bool {
        let above = self.0.partition_point(|held| letters(held) <= required);
        above > 0 && satisfies(&self.0[above - 1], required)
    }

    /// Whether some scope that begins like this is held, in whole or in part: what follows is not known.
    pub fn may_satisfy_beginning(&self, beginning: &str) -> bool {
        let from = self.0.partition_point(|held| letters(held) < beginning);
        self.0.get(from).is_some_and(|held| held.starts_with(beginning)) || self.satisfies(beginning)
    }

    pub fn satisfies_all<'a>(&self, required: impl IntoIterator<Item = &'a str>) -> bool {
        required.into_iter().all(|scope| self.satisfies(scope))
    }

    /// What both satisfy.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let held_by = |set: &Self, scope: &&String| set.satisfies(scope);
        let ours = self.0.iter().filter(|scope| held_by(other, scope));
        let theirs = other.0.iter().filter(|scope| held_by(self, scope));
        Self::new(ours.chain(theirs))
    }

    /// The scopes in the order of the normal form.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// Letters first; of two that differ only in the star, the starred one comes first.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    letters(a).cmp(letters(b)).then_with(|| b.len().cmp(&a.len()))
}

fn letters(scope: &str) -> &str {
    scope.strip_suffix('*').unwrap_or(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_form_is_sorted_and_holds_nothing_twice() {
        let set = ScopeSet::new(["b", "ab*", "a*", "c", "a", "b", "c*", "a", "C"]);
        assert_eq!(set.as_slice(), ["C", "a*", "b", "c*"]);
    }

    #[test]
    fn an_intersection_is_what_both_satisfy() {
        let both = |one: &[&str], other: &[&str]| {
            let (one, other) = (ScopeSet::new(one.iter().copied()), ScopeSet::new(other.iter().copied()));
            assert_eq!(one.intersection(&other), other.intersection(&one));
            one.intersection(&other).into_vec()
        };
        assert_eq!(both(&["*"], &["a:b", "c*"]), ["a:b", "c*"]);
        assert_eq!(both(&["a:*", "b"], &["a:b:*", "a:c", "d"]), ["a:b:*", "a:c"]);
        assert!(both(&["a"], &["b", "a!"]).is_empty());
    }

    #[test]
    fn the_search_agrees_with_looking_at_every_scope() {
        let words = ["", "*", "a", "a*", "a**", "ab", "ab*", "ab!", "b", "b*c", "b*", "abc*", "a!", "a+x*"];
        for mask in 0..1u32 << words.len() {
            let held: Vec<&str> = (0..words.len()).filter(|bit| mask >> bit & 1 == 1).map(|bit| words[bit]).collect();
            let set = ScopeSet::new(held.iter().copied());
            for word in words {
                let plainly = held.iter().any(|pattern| satisfies(pattern, word));
                assert_eq!(set.satisfies(word), plainly, "{held:?} for {word}");
            }
        }
    }

    #[test]
    fn a_beginning_may_be_satisfied_by_what_is_longer_or_by_a_pattern() {
        let set = ScopeSet::new(["a:b:c", "q:x*", "z"]);
        for (beginning, expected) in [
            ("a:", true),
            ("a:b:c", true),
            ("a:b:cd", false),
            ("q:xyz", true),
            ("q:", true),
            ("q:y", false),
            ("", true),
        ] {
            assert_eq!(set.may_satisfy_beginning(beginning), expected, "{beginning}");
        }
        assert!(!ScopeSet::default().may_satisfy_beginning(""));
    }

    #[test]
    fn a_star_alone_covers_all() {
        let set = ScopeSet::new(["x", "*", ""]);
        assert!(set.holds_everything() && set.as_slice() == ["*"]);
        assert!(!ScopeSet::default().satisfies(""));
    }
}
