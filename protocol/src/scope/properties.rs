//! Scopes and expressions beside the same rules written down without a thought of speed.

use proptest::{collection::vec, prelude::*};

use super::*;

/// Few letters, so that many scopes cover each other; and now and then any text at all.
fn scope() -> impl Strategy<Value = String> {
    prop_oneof![20 => "[ab:]{0,3}\\*{0,2}", 2 => "\\*?[ab!]\\*?[a+]\\*?", 1 => any::<String>()]
}

fn expression() -> impl Strategy<Value = ScopeExpression> {
    scope().prop_map(ScopeExpression::Scope).prop_recursive(4, 24, 4, |part| {
        let parts = vec(part, 0..4);
        prop_oneof![parts.clone().prop_map(ScopeExpression::AllOf), parts.prop_map(ScopeExpression::AnyOf)]
    })
}

/// Character by character, as the rule is written.
fn satisfies_plainly(pattern: &str, required: &str) -> bool {
    let (pattern, required): (Vec<char>, Vec<char>) = (pattern.chars().collect(), required.chars().collect());
    match pattern.split_last() {
        Some(('*', letters)) => required.len() >= letters.len() && required[..letters.len()] == *letters,
        _ => pattern == required,
    }
}

fn held_plainly(held: &[String], required: &str) -> bool {
    held.iter().any(|pattern| satisfies_plainly(pattern, required))
}

fn satisfied_plainly(expression: &ScopeExpression, held: &[String]) -> bool {
    match expression {
        ScopeExpression::Scope(scope) => held_plainly(held, scope),
        ScopeExpression::AllOf(parts) => !parts.iter().any(|part| !satisfied_plainly(part, held)),
        ScopeExpression::AnyOf(parts) => parts.iter().any(|part| satisfied_plainly(part, held)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_satisfies_what_the_rule_says(pattern in scope(), required in scope()) {
        prop_assert_eq!(satisfies(&pattern, &required), satisfies_plainly(&pattern, &required));
    }

    #[test]
    fn a_set_holds_what_one_of_its_scopes_satisfies(held in vec(scope(), 0..12), required in scope()) {
        prop_assert_eq!(ScopeSet::new(held.clone()).satisfies(&required), held_plainly(&held, &required));
    }

    #[test]
    fn the_normal_form_says_the_same_with_nothing_twice(held in vec(scope(), 0..12)) {
        let set = ScopeSet::new(held.clone());
        let kept = set.as_slice();
        prop_assert!(held.iter().all(|scope| held_plainly(kept, scope)) && kept.iter().all(|scope| held.contains(scope)));
        for (place, scope) in kept.iter().enumerate() {
            let others = [&kept[..place], &kept[place + 1..]].concat();
            prop_assert!(!held_plainly(&others, scope), "{:?} in {:?}", scope, kept);
        }
        let mut turned = held;
        turned.reverse();
        prop_assert_eq!(&ScopeSet::new(turned), &set);
        prop_assert_eq!(ScopeSet::new(set.clone().into_vec()), set);
    }

    #[test]
    fn an_expression_is_satisfied_by_what_the_rules_say(asked in expression(), held in vec(scope(), 0..6)) {
        let set = ScopeSet::new(held.clone());
        prop_assert_eq!(asked.is_satisfied_by(&set), satisfied_plainly(&asked, &held));
    }

    #[test]
    fn whoever_is_given_the_smallest_grant_lacks_nothing(asked in expression(), held in vec(scope(), 0..6)) {
        let set = ScopeSet::new(held.clone());
        let Some(missing) = asked.missing_from(&set) else { return Ok(()) };
        prop_assert!(!satisfied_plainly(&missing, &held));
        match missing.smallest_grant() {
            Some(grant) => prop_assert!(satisfied_plainly(&asked, &[held, grant].concat())),
            None => prop_assert!(!satisfied_plainly(&asked, &["*".to_owned()])),
        }
    }

    #[test]
    fn an_expression_survives_the_way_through_json(asked in expression()) {
        let text = serde_json::to_string(&asked).unwrap();
        prop_assert_eq!(serde_json::from_str::<ScopeExpression>(&text).unwrap(), asked);
    }

    #[test]
    fn only_printable_ascii_is_a_scope(text: String) {
        prop_assert_eq!(is_valid(&text), text.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic()));
    }
}
