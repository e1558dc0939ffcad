//! The documents name commands and crates that exist, and the changelog has its form.

use std::fs;

use crate::{
    files::files,
    metadata::{crates, expect_none, root},
};

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

const DOCUMENTS: [&str; 3] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// The word after every `./dev ` of a text.
fn named_commands(text: &str) -> Vec<&str> {
    let after = text.split("./dev ").skip(1);
    after.filter_map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next()).collect()
}

#[test]
fn the_commands_in_the_documents_exist() {
    let script = read("dev");
    for document in DOCUMENTS {
        for command in named_commands(&read(document)).into_iter().filter(|it| !it.is_empty()) {
            assert!(
                script.contains(&format!("\n    {command})")),
                "{document} names `./dev {command}`, which does not exist"
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

/// A path below a crate or another folder of the root, and no placeholder, route or exchange.
fn is_path(text: &str, folders: &[String]) -> bool {
    let is_plain = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/_.-".contains(c));
    let folder = text.split_once('/').map(|(folder, _)| folder);
    is_plain && !text.starts_with("drover/v1/") && folder.is_some_and(|folder| folders.iter().any(|it| it == folder))
}

#[test]
fn the_paths_in_the_documents_exist() {
    let mut folders: Vec<String> = crates().into_iter().map(|(name, _)| name).collect();
    folders.extend(["deploy", "examples", "changelog"].map(str::to_owned));
    let mut problems = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2).filter(|text| is_path(text, &folders));
        let missing = quoted.filter(|path| !root().join(path).exists());
        problems.extend(missing.map(|path| format!("{document} names `{path}`, which does not exist")));
    }
    expect_none(&problems);
}

#[test]
fn every_crate_is_in_the_architecture() {
    let text = read("ARCHITECTURE.md");
    for (name, _) in crates() {
        assert!(text.contains(&format!("`{name}/`")), "ARCHITECTURE.md does not say what `{name}/` is");
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
