//! Roles that multiply, and many roles.

use super::*;
use crate::limits::MAX_EXPANDED_SCOPES;

/// A chain of roles, each of which leads to the next in `ways` ways.
fn chain(levels: usize, ways: usize) -> Vec<Role> {
    let scopes = |level: usize| (0..ways).map(move |way| format!("assume:r{:02}-<..>{way}", level + 1));
    (0..levels).map(|level| Role::new(format!("r{level:02}-*"), scopes(level))).collect()
}

#[test]
fn roles_that_double_are_found_and_their_expansion_ends() {
    for (levels, ways) in [(20, 2), (30, 2), (90, 2), (5, 30), (2, 400)] {
        let set = RoleSet::compile(&chain(levels, ways)).unwrap();
        assert!(set.branching_roles().contains("r00-*"), "{levels} levels, {ways} ways");
        assert_eq!(
            set.expand(["assume:r00-x"]).is_err(),
            (0..levels.min(17)).fold(1, |all, _| all * ways) > MAX_EXPANDED_SCOPES
        );
        assert!(
            set.expand(["assume:r00-*"]).unwrap().as_slice().len() <= levels + 1,
            "with a star there is nothing to fill"
        );
    }
}

#[test]
fn legitimate_roles_with_holes_do_not_branch() {
    for (levels, ways) in [(12, 2), (2000, 1), (2, 90), (1, 9000)] {
        let set = RoleSet::compile(&chain(levels, ways)).unwrap();
        assert_eq!(set.branching_roles().len(), 0, "{levels} levels, {ways} ways");
        assert!(set.expand(["assume:r00-x"]).is_ok());
    }
    // Thousands of roles that one scope could lead to, but for each name only to one of them.
    let mut roles: Vec<Role> = (0..5000)
        .map(|n| Role::new(format!("project:{n}:*"), (0..10).map(|k| format!("secrets:{n}:{k}:<..>"))))
        .collect();
    roles.push(Role::new("repo:*", ["assume:project:<..>", "queue:route:<..>.*"]));
    let set = RoleSet::compile(&roles).unwrap();
    assert_eq!(set.branching_roles().len(), 0);
    assert_eq!(set.expand(["assume:repo:17:main"]).unwrap().as_slice().len(), 2 + 1 + 10);
}

#[test]
fn roles_whose_names_begin_alike_are_counted_together() {
    let nested: Vec<Role> = (1..200)
        .map(|n| Role::new(format!("{}*", "a".repeat(n)), (0..100).map(|k| format!("assume:{}{k}<..>", "b".repeat(n)))))
        .collect();
    let set = RoleSet::compile(&nested).unwrap();
    assert_eq!(set.branching_roles().len(), 0);
    let entry = Role::new("entry*", ["assume:a<..>"]);
    let set = RoleSet::compile(&[nested, vec![entry]].concat()).unwrap();
    assert_eq!(set.branching_roles().into_iter().collect::<Vec<_>>(), ["entry*"]);
}

#[test]
fn scopes_that_grow_without_a_cycle_are_cut_off() {
    // What the star matched becomes a scope, and so the roles lead back without a cycle among their names.
    let table: Table = &[("x*", &["<..>"]), ("y*", &["assume:xassume:yassume:y<..>"])];
    assert_eq!(RoleSet::compile(&roles(table)).unwrap().expand(["assume:yz"]), Err(TooManyScopes));
    let long = format!("assume:{}", "aassume:".repeat(30_000));
    let table: Table = &[("a*", &["<..>"])];
    assert_eq!(RoleSet::compile(&roles(table)).unwrap().expand([long.as_str()]), Err(TooManyScopes));
}

#[test]
fn a_role_that_leads_to_its_own_beginning_is_a_cycle() {
    for table in
        [&[("a*", &["assume:aa<..>"][..])][..], &[("a*", &["assume:a<..>"][..])], &[("a*", &["assume:ab<..>c"][..])]]
    {
        assert!(RoleSet::compile(&roles(table)).is_err(), "{table:?}");
    }
}

#[test]
fn ten_thousand_roles_are_expanded_and_too_much_of_them_is_refused() {
    let many = |scopes: usize| {
        let role = move |n: usize| Role::new(format!("p{n}"), (0..scopes).map(move |k| format!("s:{n}:{k}")));
        RoleSet::compile(&(0..10_000).map(role).collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(many(5).expand(["assume:p*"]).unwrap().as_slice().len(), 50_001);
    assert_eq!(many(11).expand(["assume:p*"]), Err(TooManyScopes));
    assert_eq!(many(11).expand(["*"]).unwrap().as_slice(), ["*"]);
    let nested: Vec<Role> = (1..3000).map(|n| Role::new(format!("{}*", "a".repeat(n)), ["x"])).collect();
    let set = RoleSet::compile(&nested).unwrap();
    let deep: Vec<String> = (0..6000).map(|n| format!("assume:{}{n}", "a".repeat(3000))).collect();
    assert_eq!(set.expand(deep.iter().map(String::as_str)), Err(TooManyScopes));
}
