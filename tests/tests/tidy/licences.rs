//! Licences and origins of everything we build on, against the lists in `deny.toml`.

use std::fs;

use serde_json::Value;

use crate::metadata::{cargo_metadata, expect_none, root};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every package of another's that is part of a build here.
fn foreign_packages() -> Vec<Value> {
    let mut metadata = cargo_metadata(&["--filter-platform", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)]);
    let used: Vec<Value> =
        metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    let Value::Array(packages) = metadata["packages"].take() else { panic!("no packages in cargo's metadata") };
    packages.into_iter().filter(|package| used.contains(&package["id"]) && !package["source"].is_null()).collect()
}

/// The quoted texts between `allow = [` and `]`.
fn allowed_licences() -> Vec<String> {
    let text = fs::read_to_string(root().join("deny.toml")).unwrap();
    let list = text.split_once("\nallow = [").unwrap().1.split_once(']').unwrap().0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Is there a way to meet an expression of `AND`, `OR`, `/` and brackets with these licences?
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace(" / ", " OR ").replace('/', " OR ");
    split_outside_brackets(&expression, " AND ").iter().all(|part| {
        let part = part.trim();
        match part.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            Some(inner) => satisfied(inner, allowed),
            None => split_outside_brackets(part, " OR ").iter().any(|one| {
                if one.contains('(') { satisfied(one, allowed) } else { allowed.iter().any(|it| it == one.trim()) }
            }),
        }
    })
}

fn split_outside_brackets<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= start && text[at..].starts_with(separator) => {
                parts.push(&text[start..at]);
                start = at + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[test]
fn every_licence_is_allowed() {
    let allowed = allowed_licences();
    let mut problems = Vec::new();
    for package in foreign_packages() {
        let licence = package["license"].as_str().unwrap_or("none");
        if !satisfied(licence, &allowed) {
            problems.push(format!("{} has the licence {licence}, which deny.toml does not allow", package["name"]));
        }
    }
    expect_none(&problems);
}

#[test]
fn everything_comes_from_the_public_registry() {
    for package in foreign_packages() {
        assert_eq!(package["source"], CRATES_IO, "{}", package["name"]);
    }
}

#[test]
fn expressions_are_read_as_they_are_meant() {
    let allowed = ["MIT".to_owned(), "ISC".to_owned()];
    for fine in ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "MIT AND ISC", "(GPL-3.0 OR MIT) AND ISC"] {
        assert!(satisfied(fine, &allowed), "{fine}");
    }
    for wrong in ["GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR MIT) AND GPL-3.0", "none"] {
        assert!(!satisfied(wrong, &allowed), "{wrong}");
    }
}

/// Packages of npm that are part of a build here, with their licences. Optional ones are programs for other machines.
fn npm_packages() -> Vec<(String, String)> {
    let lock: Value = serde_json::from_str(&fs::read_to_string(root().join("ui/package-lock.json")).unwrap()).unwrap();
    let packages = lock["packages"].as_object().unwrap().iter().filter(|(name, _)| !name.is_empty());
    let built = packages.filter(|(_, package)| package["optional"] != true);
    built.map(|(name, package)| (name.clone(), package["license"].as_str().unwrap_or("none").to_owned())).collect()
}

#[test]
fn every_licence_of_the_page_is_allowed() {
    let (allowed, packages) = (allowed_licences(), npm_packages());
    let refused = packages.iter().filter(|(_, licence)| !satisfied(licence, &allowed));
    expect_none(&refused.map(|(name, licence)| format!("{name} has the licence {licence}")).collect::<Vec<_>>());
    assert!(packages.len() > 10, "{packages:?}");
}
