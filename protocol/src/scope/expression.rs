use std::fmt;

use serde::{Deserialize, Serialize};

use super::ScopeSet;
use crate::limits::MAX_LISTED;

/// Most bytes of scopes that a refusal shows whole.
const MAX_SHOWN_BYTES: usize = 10_000;

/// What a request asks for: one scope, all of several things, or any of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeExpression {
    /// Asking for nothing is satisfied by everybody.
    AllOf(Vec<Self>),
    /// Nobody satisfies a choice without choices.
    AnyOf(Vec<Self>),
    #[serde(untagged)]
    Scope(String),
}

impl ScopeExpression {
    pub fn is_satisfied_by(&self, held: &ScopeSet) -> bool {
        match self {
            Self::Scope(scope) => held.satisfies(scope),
            Self::AllOf(all) => all.iter().all(|part| part.is_satisfied_by(held)),
            Self::AnyOf(any) => any.iter().any(|part| part.is_satisfied_by(held)),
        }
    }

    /// What would have to be added to `held`; `None` when nothing is missing.
    pub fn missing_from(&self, held: &ScopeSet) -> Option<Self> {
        if self.is_satisfied_by(held) {
            return None;
        }
        let reduced = |parts: &[Self]| parts.iter().filter_map(|part| part.missing_from(held)).collect::<Vec<_>>();
        Some(match self {
            Self::Scope(scope) => Self::Scope(scope.clone()),
            Self::AllOf(all) => Self::all_of(reduced(all)),
            Self::AnyOf(any) => Self::any_of(reduced(any)),
        })
    }

    /// The fewest scopes that satisfy this, sorted; of several choices as small, the one named first. `None`: nothing does.
    /// For what is missing, it is the smallest grant that helps.
    pub fn smallest_grant(&self) -> Option<Vec<String>> {
        let mut grant = match self {
            Self::Scope(scope) => vec![scope.clone()],
            Self::AllOf(all) => {
                let parts = all.iter().map(Self::smallest_grant).collect::<Option<Vec<_>>>()?;
                ScopeSet::new(parts.concat()).into_vec()
            }
            Self::AnyOf(any) => any.iter().filter_map(Self::smallest_grant).min_by_key(Vec::len)?,
        };
        grant.sort();
        Some(grant)
    }

    /// Whether people can read it in a refusal: it names few scopes, which are not long all together.
    pub fn is_short(&self) -> bool {
        let (mut count, mut bytes) = (0, 0);
        self.measure(&mut count, &mut bytes);
        count <= MAX_LISTED && bytes <= MAX_SHOWN_BYTES
    }

    /// Its beginning, which is short. It must not be checked.
    #[must_use]
    pub fn abridged(&self) -> Self {
        self.first(&mut MAX_LISTED.to_owned())
    }

    fn measure(&self, count: &mut usize, bytes: &mut usize) {
        match self {
            Self::Scope(scope) => (*count, *bytes) = (*count + 1, *bytes + scope.len()),
            Self::AllOf(parts) | Self::AnyOf(parts) => {
                for part in parts {
                    if *count <= MAX_LISTED {
                        part.measure(count, bytes);
                    }
                }
            }
        }
    }

    fn first(&self, left: &mut usize) -> Self {
        let mut some = |parts: &[Self]| {
            let mut kept = Vec::new();
            for part in parts.iter().take(*left) {
                if *left > 0 {
                    kept.push(part.first(left));
                }
            }
            kept
        };
        match self {
            Self::Scope(scope) => {
                *left = left.saturating_sub(1);
                Self::Scope(scope[..scope.floor_char_boundary(MAX_SHOWN_BYTES / MAX_LISTED)].to_owned())
            }
            Self::AllOf(parts) => Self::AllOf(some(parts)),
            Self::AnyOf(parts) => Self::AnyOf(some(parts)),
        }
    }

    /// `AllOf`, or its only part.
    pub fn all_of(parts: Vec<Self>) -> Self {
        <[Self; 1]>::try_from(parts).map_or_else(Self::AllOf, |[only]| only)
    }

    /// `AnyOf`, or its only part.
    pub fn any_of(parts: Vec<Self>) -> Self {
        <[Self; 1]>::try_from(parts).map_or_else(Self::AnyOf, |[only]| only)
    }
}

impl<S: Into<String>> From<S> for ScopeExpression {
    fn from(scope: S) -> Self {
        Self::Scope(scope.into())
    }
}

/// A bare scope, or JSON of two-space steps: the form in which people see it in a refusal.
impl fmt::Display for ScopeExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scope(scope) => f.write_str(scope),
            other => f.write_str(&serde_json::to_string_pretty(other).map_err(|_| fmt::Error)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ScopeExpression {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_empty_forms_are_true_and_false() {
        let nobody = ScopeSet::default();
        assert!(parse(r#"{"AllOf": []}"#).is_satisfied_by(&nobody));
        assert!(!parse(r#"{"AnyOf": []}"#).is_satisfied_by(&ScopeSet::everything()));
    }

    #[test]
    fn what_is_missing_leaves_out_what_is_held() {
        let asked = parse(r#"{"AllOf": ["a", "b", {"AnyOf": ["c", {"AllOf": ["a", "d"]}]}]}"#);
        let missing = asked.missing_from(&ScopeSet::new(["a"])).unwrap();
        assert_eq!(missing, parse(r#"{"AllOf": ["b", {"AnyOf": ["c", "d"]}]}"#));
        assert_eq!(asked.missing_from(&ScopeSet::new(["a", "b", "c"])), None);
    }

    #[test]
    fn the_smallest_grant_takes_the_shorter_choice_and_nothing_twice() {
        let grant = |text: &str| parse(text).smallest_grant();
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(grant(r#"{"AllOf": ["b", {"AnyOf": [{"AllOf": ["c", "d"]}, "e"]}, "b"]}"#), words(&["b", "e"]));
        assert_eq!(grant(r#"{"AllOf": ["a:*", "a:b"]}"#), words(&["a:*"]));
        assert_eq!(grant(r#"{"AnyOf": []}"#), None);
        assert_eq!(grant(r#"{"AllOf": []}"#), words(&[]));
    }

    #[test]
    fn a_long_expression_is_abridged() {
        let asked = ScopeExpression::AllOf((0..1000).map(|n| ScopeExpression::Scope(format!("s:{n}"))).collect());
        let nested = ScopeExpression::AnyOf(vec![asked.clone(), "x".into(), asked.clone()]);
        for long in [asked, nested, ScopeExpression::Scope("x".repeat(20_000))] {
            assert!(!long.is_short());
            let abridged = long.abridged();
            assert!(abridged.is_short(), "{abridged}");
            assert!(abridged.to_string().len() < 2 * MAX_SHOWN_BYTES);
        }
        let short = parse(r#"{"AllOf": ["a", {"AnyOf": ["b", "c"]}]}"#);
        assert!(short.is_short() && short.abridged() == short);
    }

    #[test]
    fn an_expression_is_shown_as_the_scope_or_as_json() {
        assert_eq!(parse("\"x:y\"").to_string(), "x:y");
        assert_eq!(parse(r#"{"AnyOf":["x"]}"#).to_string(), "{\n  \"AnyOf\": [\n    \"x\"\n  ]\n}");
    }
}
