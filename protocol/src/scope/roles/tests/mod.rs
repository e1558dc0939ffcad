mod hostile;
mod naive;

use super::*;
use crate::scope::ScopeSet;

/// Names of roles, and the scopes of each.
type Table<'a> = &'a [(&'a str, &'a [&'a str])];

fn roles(table: Table) -> Vec<Role> {
    table.iter().map(|(role_id, scopes)| Role::new(*role_id, scopes.iter().copied())).collect()
}

fn expand(table: Table, scopes: &[&str]) -> Vec<String> {
    RoleSet::compile(&roles(table)).unwrap().expand(scopes.iter().copied()).unwrap().into_vec()
}

/// Only what the role gave, for scopes that give nothing else.
fn given(role_id: &str, template: &str, scope: &str) -> Vec<String> {
    let mut scopes = expand(&[(role_id, &[template])], &[scope]);
    scopes.retain(|it| it != scope);
    scopes
}

#[test]
fn a_role_is_triggered_by_its_name_and_by_stars() {
    let cases = [
        ("x", "assume:x", true),
        ("x", "assume:xy", false),
        ("x", "assume:X", false),
        ("x", "x", false),
        ("x", "assume:*", true),
        ("x", "assume:x*", true),
        ("x", "assume:xy*", false),
        ("x*", "assume:x", true),
        ("x*", "assume:xyz", true),
        ("x*", "assume:xyz*", true),
        ("x*", "assume:y", false),
        ("xyz*", "assume:x*", true),
        ("xyz*", "assume:x", false),
        ("xyz", "assume:x*", true),
        ("*", "assume:", true),
        ("*", "assume:any", true),
        ("*", "assume", false),
        ("x", "assume*", true),
        ("x", "assum*", true),
        ("x", "assu*", true),
        ("x", "ass*", true),
        ("x", "as*", true),
        ("x", "a*", true),
        ("x*", "a*", true),
        ("x", "b*", false),
        ("x", "assumed*", false),
        ("a*b", "assume:a*b", true),
        ("a*b", "assume:axb", false),
    ];
    for (role_id, scope, triggered) in cases {
        assert_eq!(given(role_id, "s", scope), vec!["s"; usize::from(triggered)], "{role_id} by {scope}");
    }
}

#[test]
fn a_hole_takes_what_the_star_matched() {
    let cases = [
        ("p:*", "s:<..>", "assume:p:ops", "s:ops"),
        ("p:*", "s:<..>/x", "assume:p:ops", "s:ops/x"),
        ("p:*", "s:<..>/x", "assume:p:", "s:/x"),
        ("p:*", "<..>", "assume:p:ops", "ops"),
        ("p:*", "s:<..>/*", "assume:p:ops*", "s:ops*"),
        ("p:*", "s:<..>/x", "assume:p:*", "s:*"),
        ("p:*", "s:<..>/x", "assume:p*", "s:*"),
        ("p:*", "s:<..>/x", "assume:*", "s:*"),
        ("p:*", "s:<..>/x", "as*", "s:*"),
        ("p:*", "s:x", "assume:p:ops*", "s:x"),
        ("p:x", "s:<..>", "assume:p:x", "s:<..>"),
        ("p:x", "s:<..>/x", "assume:p*", "s:<..>/x"),
        ("*", "s:<..>", "assume:all", "s:all"),
    ];
    for (role_id, template, scope, expected) in cases {
        assert_eq!(given(role_id, template, scope), [expected], "{role_id} {template} by {scope}");
    }
}

#[test]
fn roles_lead_to_roles() {
    let table: Table = &[
        ("repo:*", &["assume:project:<..>", "queue:route:<..>.#"]),
        ("project:*", &["secrets:get:<..>/*", "assume:everybody"]),
        ("project:deep/*", &["assume:special-<..>"]),
        ("special-one", &["one"]),
        ("everybody", &["all:*", "all:covered"]),
    ];
    let expected = [
        "all:*",
        "assume:everybody",
        "assume:project:deep/one",
        "assume:repo:deep/one",
        "assume:special-one",
        "one",
        "queue:route:deep/one.#",
        "secrets:get:deep/one/*",
    ];
    assert_eq!(expand(table, &["assume:repo:deep/one"]), expected);
}

#[test]
fn every_role_whose_name_begins_like_the_scope_counts() {
    let table: Table =
        &[("*", &["0"]), ("a*", &["1:<..>"]), ("ab*", &["2:<..>"]), ("abb*", &["no"]), ("abc*", &["3:<..>"])];
    assert_eq!(expand(table, &["assume:abcd"]), ["0", "1:bcd", "2:cd", "3:d", "assume:abcd"]);
}

#[test]
fn a_star_alone_is_all_there_is() {
    let table: Table = &[("root", &["*"]), ("x", &["assume:root"])];
    assert_eq!(expand(table, &["assume:x"]), ["*"]);
    assert_eq!(expand(table, &["*", "other"]), ["*"]);
}

#[test]
fn without_roles_the_scopes_come_back_in_normal_form() {
    assert_eq!(expand(&[], &["b", "a*", "assume:x", "ab", "b"]), ["a*", "b"]);
    assert_eq!(RoleSet::default().expand([]), Ok(ScopeSet::default()));
}

#[test]
fn a_cycle_is_refused_with_the_way_around() {
    let cases: &[(Table, &str)] = &[
        (&[("a", &["assume:a"])], "'assume:a' -> 'assume:a'"),
        (&[("a", &["assume:b"]), ("b", &["assume:a"])], "'assume:a' -> 'assume:b' -> 'assume:a'"),
        (&[("a:*", &["assume:b:<..>"]), ("b:*", &["assume:a:x<..>"])], "'assume:a:*' -> 'assume:b:*' -> 'assume:a:*'"),
        (&[("a*", &["assume:a-<..>"])], "'assume:a*' -> 'assume:a*'"),
        (&[("a*", &["assume:b<..>/x"]), ("b-y", &["assume:a"])], "'assume:b-y' -> 'assume:a*' -> 'assume:b-y'"),
        (&[("*", &["assume:x"])], "'assume:*' -> 'assume:*'"),
        (&[("a", &["as*"])], "'assume:a' -> 'assume:a'"),
        (
            &[("in", &["assume:a"]), ("a", &["assume:b"]), ("b", &["assume:a*"])],
            "'assume:a' -> 'assume:b' -> 'assume:a'",
        ),
    ];
    for (table, path) in cases {
        let message = RoleSet::compile(&roles(table)).unwrap_err().to_string();
        assert_eq!(message, format!("Roles may not contain dependency cycles, found: {path}"));
    }
}

#[test]
fn a_long_chain_of_roles_is_followed_to_its_end() {
    let chain: Vec<Role> = (0..20_000).map(|n| Role::new(format!("r{n}"), [format!("assume:r{}", n + 1)])).collect();
    let set = RoleSet::compile(&chain).unwrap();
    assert_eq!(set.expand(["assume:r0"]).unwrap().as_slice().len(), 20_001);
}

#[test]
fn a_role_that_could_not_be_expanded_is_not_written() {
    let double = |scope: &str| Err(RoleFault::DoubleStar(scope.to_owned()));
    let cases = [
        ("repo:*", "s:<..>", Ok(())),
        ("repo:*", "s:<..>*", Ok(())),
        ("repo:*", "*:<..>", Ok(())),
        ("plain", "s:<..>", Ok(())),
        ("repo:*", "s:**", double("s:**")),
        ("repo:*", "**", double("**")),
        ("repo:*", "<..><..>", Err(RoleFault::TwoHoles("<..><..>".to_owned()))),
        ("repo:*", "s:*<..>", Err(RoleFault::StarBeforeHole("s:*<..>".to_owned()))),
        ("repo:*", "caf\u{e9}", Err(RoleFault::Letters("caf\u{e9}".to_owned()))),
        ("", "s", Err(RoleFault::RoleId(String::new()))),
        ("a\nb", "s", Err(RoleFault::RoleId("a\nb".to_owned()))),
    ];
    for (role_id, scope, expected) in cases {
        assert_eq!(check_role(role_id, ["fine", scope]), expected, "{role_id} {scope}");
    }
}
