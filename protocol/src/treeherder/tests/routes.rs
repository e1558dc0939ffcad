use super::env::REVISION;
use crate::treeherder::{Destination, Problem, destinations};

fn of(routes: &[&str], prefixes: &[&str]) -> Vec<Result<Destination, Problem>> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    destinations(&owned(routes), &owned(prefixes))
}

fn one(route: &str) -> Result<Destination, Problem> {
    let mut found = of(&[route], &["tc-treeherder"]);
    assert_eq!(found.len(), 1, "{route}");
    found.remove(0)
}

#[test]
fn a_route_names_project_revision_and_push() {
    let expected = |owner: Option<&str>, push_id| Destination {
        prefix: "tc-treeherder".to_owned(),
        owner: owner.map(str::to_owned),
        project: "autoland".to_owned(),
        revision: REVISION.to_owned(),
        push_id,
    };
    for (route, owner, push_id) in [
        (format!("tc-treeherder.v2.autoland.{REVISION}"), None, None),
        (format!("tc-treeherder.v2.autoland.{REVISION}.0"), None, Some(0)),
        (format!("tc-treeherder.v2.autoland.{REVISION}.4711"), None, Some(4711)),
        (format!("tc-treeherder.v2.mozilla/autoland.{REVISION}.7"), Some("mozilla"), Some(7)),
    ] {
        assert_eq!(one(&route), Ok(expected(owner, push_id)), "{route}");
    }
}

#[test]
fn routes_that_treeherder_would_lose_are_problems() {
    let upper = REVISION.to_uppercase();
    let cases = [
        ("tc-treeherder".to_owned(), "route"),
        ("tc-treeherder.v2".to_owned(), "route"),
        ("tc-treeherder.v2.autoland".to_owned(), "route"),
        (format!("tc-treeherder.v1.autoland.{REVISION}"), "route"),
        (format!("tc-treeherder.autoland.{REVISION}"), "route"),
        (format!("tc-treeherder.v2.a.dotted.name.{REVISION}.7"), "route"),
        (format!("tc-treeherder.v2.autoland.{REVISION}.1.2"), "route"),
        (format!("tc-treeherder.v2..{REVISION}"), "project"),
        (format!("tc-treeherder.v2.a/b/c.{REVISION}"), "project"),
        (format!("tc-treeherder.v2./b.{REVISION}"), "project"),
        (format!("tc-treeherder.v2.größe.{REVISION}"), "project"),
        (format!("tc-treeherder.v2.{}.{REVISION}", "x".repeat(51)), "project"),
        (format!("tc-treeherder.v2.autoland.{upper}"), "revision"),
        (format!("tc-treeherder.v2.autoland.{}", &REVISION[..39]), "revision"),
        (format!("tc-treeherder.v2.autoland.{REVISION}0"), "revision"),
        ("tc-treeherder.v2.autoland.".to_owned(), "revision"),
        (format!("tc-treeherder.v2.autoland.{REVISION}.x"), "push-id"),
        (format!("tc-treeherder.v2.autoland.{REVISION}."), "push-id"),
        (format!("tc-treeherder.v2.autoland.{REVISION}.-1"), "push-id"),
        (format!("tc-treeherder.v2.autoland.{REVISION}.99999999999999999999"), "push-id"),
    ];
    for (route, code) in cases {
        let problem = one(&route).unwrap_err();
        assert_eq!(problem.code(), code, "{route}: {problem}");
        assert!(problem.is_total());
    }
}

#[test]
fn two_routes_of_one_prefix_are_a_problem_and_two_prefixes_are_not() {
    let (production, stage) =
        (format!("tc-treeherder.v2.a.{REVISION}"), format!("tc-treeherder-stage.v2.a.{REVISION}"));
    let both = of(&[&production, &stage], &["tc-treeherder", "tc-treeherder-stage"]);
    let prefixes: Vec<_> = both.iter().map(|found| found.as_ref().unwrap().prefix.as_str()).collect();
    assert_eq!(prefixes, ["tc-treeherder", "tc-treeherder-stage"]);

    let twice = of(&[&production, &production], &["tc-treeherder"]);
    assert_eq!(twice, [Err(Problem::SeveralRoutes("tc-treeherder".to_owned(), 2))]);
}

#[test]
fn a_task_without_a_route_for_a_prefix_is_no_affair_of_it() {
    let stage = format!("tc-treeherder-stage.v2.a.{REVISION}");
    assert_eq!(of(&[&stage, "index.x", "tc-treeherderish.v2"], &["tc-treeherder"]), []);
    assert_eq!(of(&[], &["tc-treeherder"]), []);
}
