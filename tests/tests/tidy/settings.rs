//! Every setting has an example: its default, or else its line in `drover/settings.example.toml`.

use std::{collections::BTreeSet, fs};

use crate::metadata::{expect_none, root};

/// The keys of the manual, like `bridge.masters[].url`, with whether they have a default.
fn settings() -> Vec<(String, bool)> {
    let manual = fs::read_to_string(root().join("drover/SETTINGS.md")).unwrap();
    let setting = |line: &str| {
        let (key, rest) = line.split_once("  (")?;
        let default = rest.rsplit_once(", by default ")?.1.trim_end_matches(')');
        Some((key.to_owned(), !["empty", "nothing", "[]"].contains(&default)))
    };
    manual.lines().filter_map(setting).collect()
}

/// The keys that the example assigns, in the form of the manual.
fn examples() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("drover/settings.example.toml")).unwrap();
    let (mut section, mut keys) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(list) = line.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")) {
            section = format!("{list}[].");
            keys.insert(list.to_owned());
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((key, _)) =
            line.split_once(" = ").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
        {
            keys.insert(format!("{section}{key}"));
        }
    }
    keys
}

#[test]
fn every_setting_has_an_example() {
    let (settings, examples) = (settings(), examples());
    let lacks = settings.iter().filter(|(key, has_default)| !has_default && !examples.contains(key));
    let mut problems: Vec<String> = lacks
        .map(|(key, _)| format!("`{key}` has neither a default nor a line in drover/settings.example.toml"))
        .collect();
    let stale = examples.iter().filter(|key| settings.iter().all(|(known, _)| known != *key));
    problems.extend(stale.map(|key| format!("drover/settings.example.toml sets `{key}`, which does not exist")));
    assert!(settings.len() > 100, "{} settings", settings.len());
    expect_none(&problems);
}
