//! What README and changelog promise is there.

use std::fs;

use crate::{
    files::files,
    metadata::{crates, root},
};

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The word after every `./dev ` of a text.
fn named_commands(text: &str) -> Vec<&str> {
    let after = text.split("./dev ").skip(1);
    after.filter_map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next()).collect()
}

#[test]
fn the_commands_in_the_papers_exist() {
    let script = read("dev");
    for paper in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for command in named_commands(&read(paper)).into_iter().filter(|it| !it.is_empty()) {
            assert!(
                script.contains(&format!("\n    {command})")),
                "{paper} names `./dev {command}`, which is not there"
            );
        }
    }
}

#[test]
fn every_command_is_in_its_own_list() {
    let script = read("dev");
    let list = script.split("<<'TEXT'").nth(1).unwrap().split("\nTEXT").next().unwrap();
    let cases = script.rsplit("case $command in").next().unwrap();
    let commands = cases.lines().filter_map(|line| line.trim().split_once(')')).map(|(command, _)| command);
    for command in commands.filter(|it| it.chars().all(|c| c.is_ascii_lowercase() || c == '-')) {
        assert!(list.contains(&format!("\n  {command} ")), "`./dev` does not list `{command}`");
    }
}

#[test]
fn every_room_is_on_the_map() {
    let map = read("ARCHITECTURE.md");
    for (name, _) in crates() {
        assert!(map.contains(&format!("`{name}/`")), "ARCHITECTURE.md does not say what `{name}/` is");
    }
}

#[test]
fn lints_and_licence_are_those_of_the_workspace() {
    for (name, _) in crates() {
        let manifest = read(&format!("{name}/Cargo.toml"));
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name}/Cargo.toml does not inherit the lints");
        assert!(manifest.contains("license.workspace = true"), "{name}/Cargo.toml does not inherit the licence");
    }
}

#[test]
fn changelog_snippets_have_level_audience_and_a_sentence() {
    let snippets =
        files(".md").into_iter().filter(|(name, _)| name.starts_with("changelog/") && !name.ends_with("README.md"));
    for (name, text) in snippets {
        let lines: Vec<&str> = text.lines().collect();
        let level = lines.first().and_then(|line| line.strip_prefix("level: ")).unwrap_or_default();
        let audience = lines.get(1).and_then(|line| line.strip_prefix("audience: ")).unwrap_or_default();
        assert!(["major", "minor", "patch", "silent"].contains(&level), "{name}: the first line is `level: ...`");
        let known = ["users", "operators", "workers", "developers"];
        assert!(known.contains(&audience), "{name}: the second line is `audience: ...`");
        assert!(lines.get(2) == Some(&"") && lines.len() > 3 && text.ends_with(".\n"), "{name}: then a whole sentence");
    }
}
