//! The same rules, written down without a thought of speed, and both compared.

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    string::{RegexGeneratorStrategy, string_regex},
};

use super::*;
use crate::scope::satisfies;

/// What the star of the role matched, if the scope triggers it.
fn matched(role_id: &str, scope: &str) -> Option<String> {
    let begin = scope.strip_suffix('*');
    if begin.is_some_and(|begin| "assume:".starts_with(begin)) {
        return Some("*".to_owned());
    }
    let name = scope.strip_prefix("assume:")?;
    let letters = name.strip_suffix('*').unwrap_or(name);
    match role_id.strip_suffix('*') {
        None => satisfies(scope, &format!("assume:{role_id}")).then(String::new),
        Some(key) if letters.starts_with(key) => Some(name[key.len()..].to_owned()),
        Some(key) => (begin.is_some() && key.starts_with(letters)).then(|| "*".to_owned()),
    }
}

fn filled(role: &Role, matched: &str) -> Vec<String> {
    let fill = |scope: &String| match scope.split_once("<..>") {
        Some((before, _)) if role.role_id.ends_with('*') && matched.ends_with('*') => format!("{before}{matched}"),
        Some((before, after)) if role.role_id.ends_with('*') => format!("{before}{matched}{after}"),
        _ => scope.clone(),
    };
    role.scopes.iter().map(fill).collect()
}

fn expand_naively(roles: &[Role], scopes: &[String]) -> ScopeSet {
    let mut all: BTreeSet<String> = scopes.iter().cloned().collect();
    loop {
        let before = all.len();
        for scope in all.clone() {
            for role in roles {
                all.extend(matched(&role.role_id, &scope).iter().flat_map(|matched| filled(role, matched)));
            }
        }
        if all.len() == before {
            return ScopeSet::new(all);
        }
    }
}

fn has_cycle(roles: &[Role]) -> bool {
    let leads_to = |from: &Role, to: &Role| {
        filled(from, "*").iter().any(|scope| scope != "*" && matched(&to.role_id, scope).is_some())
    };
    let mut left: Vec<&Role> = roles.iter().collect();
    loop {
        let before = left.len();
        let kept: Vec<&Role> = left.iter().copied().filter(|from| left.iter().any(|to| leads_to(from, to))).collect();
        left = kept;
        if left.len() == before {
            return before > 0;
        }
    }
}

fn letters(pattern: &str) -> RegexGeneratorStrategy<String> {
    string_regex(pattern).unwrap()
}

/// Roles in three layers, most of which lead downwards only.
fn some_roles() -> impl Strategy<Value = Vec<Role>> {
    let scope = |layer: u8| {
        let next = layer + 1;
        prop_oneof![
            6 => letters(&format!("assume:[{next}3][ab]{{0,2}}(\\*|<\\.\\.>|<\\.\\.>b|b<\\.\\.>\\*)?")),
            1 => letters(&format!("assume:[{next}3]?\\*")),
            3 => "[cd]{1,2}(\\*|<\\.\\.>|<\\.\\.>[cd])?",
            1 => "(<\\.\\.>|<\\.\\.>d|assume<\\.\\.>|assume:<\\.\\.>|b\\*|)",
        ]
    };
    let role = move |layer: u8| {
        let scopes = prop::collection::vec(scope(layer), 1..5);
        (letters(&format!("{layer}[ab]{{0,1}}\\*?")), scopes).prop_map(|(role_id, scopes)| Role { role_id, scopes })
    };
    let anything = ("\\*|[ab]{1,2}\\*?", prop::collection::vec("\\*|as\\*|assume:[ab]?(\\*|<\\.\\.>)?|c", 0..2))
        .prop_map(|(role_id, scopes)| Role { role_id, scopes });
    let layered = prop_oneof![20 => role(0), 20 => role(1), 20 => role(2), 1 => anything];
    prop::collection::vec(layered, 0..15).prop_map(|mut roles| {
        roles.sort_by(|one, other| one.role_id.cmp(&other.role_id));
        roles.dedup_by(|one, other| one.role_id == other.role_id);
        roles
    })
}

fn some_scopes() -> impl Strategy<Value = Vec<String>> {
    let scope = prop_oneof![
        8 => "assume:[0-2][ab]{0,2}\\*?",
        1 => "assume:[0ab]?\\*?",
        1 => "[cd]{1,2}\\*?",
        1 => "\\*|a\\*|assume\\*|assume|",
    ];
    prop::collection::vec(scope, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_find_the_same_scopes_and_the_same_cycles(roles in some_roles(), scopes in some_scopes()) {
        let compiled = RoleSet::compile(&roles);
        prop_assert_eq!(compiled.is_err(), has_cycle(&roles));
        if let Ok(set) = compiled {
            prop_assert!(set.branching_roles().is_empty());
            prop_assert_eq!(set.expand(scopes.iter().map(String::as_str)), Ok(expand_naively(&roles, &scopes)));
        }
    }

    #[test]
    fn expanding_what_was_expanded_adds_nothing(roles in some_roles(), scopes in some_scopes()) {
        if let Ok(set) = RoleSet::compile(&roles) {
            let once = set.expand(scopes.iter().map(String::as_str)).unwrap();
            prop_assert!(once.satisfies_all(scopes.iter().map(String::as_str)));
            prop_assert_eq!(set.expand(once.as_slice().iter().map(String::as_str)), Ok(once));
        }
    }

    #[test]
    fn a_cycle_leads_from_each_role_to_the_next(roles in some_roles()) {
        if let Err(RoleCycle(way)) = RoleSet::compile(&roles) {
            prop_assert!(way.len() > 1 && way.first() == way.last());
            for pair in way.windows(2) {
                let from = roles.iter().find(|role| role.role_id == pair[0]).unwrap();
                prop_assert!(filled(from, "*").iter().any(|scope| matched(&pair[1], scope).is_some()), "{:?}", pair);
            }
        }
    }
}
