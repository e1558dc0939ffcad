//! Files that use each other in a circle can only be read together: none is larger than a file and one of its parts.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use crate::{
    files::sources,
    metadata::{crates, expect_none},
};

/// A folder's `mod.rs` and a file in it, or two neighbours, may use each other.
const LARGEST: usize = 2;

/// The path of a module or of an item, from the root of its crate.
type Path = Vec<String>;

#[derive(Default)]
struct Module {
    uses: Vec<Path>,
    /// Names that `pub use` passes on from elsewhere: who uses them here uses the file that they come from.
    passed_on: BTreeMap<String, Path>,
}

#[test]
fn no_files_use_each_other_in_a_large_circle() {
    let mut problems = Vec::new();
    for (name, _) in crates() {
        for circle in circles(&graph(&modules(&name))).into_iter().filter(|circle| circle.len() > LARGEST) {
            let files: Vec<String> = circle.iter().map(|path| path.join("::")).collect();
            problems.push(format!("{name}: {} files use each other: {}", files.len(), files.join(", ")));
        }
    }
    expect_none(&problems);
}

/// All modules of a crate but those of its tests, by path.
fn modules(crate_name: &str) -> BTreeMap<Path, Module> {
    let is_tested = |name: &str| !name.contains("/tests/") && !name.ends_with("/tests.rs") && !name.contains("/bin/");
    let files: Vec<(Path, String)> = sources(crate_name)
        .into_iter()
        .filter(|(name, _)| is_tested(name))
        .map(|(name, text)| (module_path(&name), text))
        .collect();
    let paths: BTreeSet<&Path> = files.iter().map(|(path, _)| path).collect();
    files.iter().map(|(path, text)| (path.clone(), module(path, text, &paths))).collect()
}

/// `actors/src/queue/mod.rs` is `queue`, `actors/src/lib.rs` the root.
fn module_path(file: &str) -> Path {
    let inner = file.split_once("/src/").unwrap().1.trim_end_matches(".rs");
    let mut path: Path = inner.split('/').map(str::to_owned).collect();
    if matches!(path.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        path.pop();
    }
    path
}

fn module(path: &Path, text: &str, known: &BTreeSet<&Path>) -> Module {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let statement = Regex::new(r"(?m)^(pub(?:\([^)]*\))? )?use ([^;]+);").unwrap();
    let mut module = Module::default();
    for found in statement.captures_iter(code) {
        let tree = found[2].split_whitespace().collect::<Vec<_>>().join(" ");
        for used in branches(&tree).iter().filter_map(|used| absolute(used, path, known)) {
            match (found.get(1), used.last()) {
                (Some(_), Some(name)) => _ = module.passed_on.insert(name.clone(), used),
                _ => module.uses.push(used),
            }
        }
    }
    module
}

/// `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn branches(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, inner)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        return if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
    };
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in inner.rsplit_once('}').map_or(inner, |(inner, _)| inner).chars() {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if letter == ',' && depth == 0 { parts.push(String::new()) } else { parts.last_mut().unwrap().push(letter) }
    }
    let prefix = prefix.trim();
    parts.iter().flat_map(|part| branches(part)).map(|branch| format!("{prefix}{branch}")).collect()
}

/// `None` for other crates.
fn absolute(used: &str, path: &Path, known: &BTreeSet<&Path>) -> Option<Path> {
    let mut parts: Vec<String> = used.split("::").map(|part| part.trim().to_owned()).collect();
    parts.retain(|part| part != "self" || used.starts_with("self"));
    let base = match parts.first()?.as_str() {
        "crate" => Vec::new(),
        "self" => path.clone(),
        "super" => {
            let up = parts.iter().take_while(|part| *part == "super").count();
            parts.drain(..up - 1);
            path[..path.len().checked_sub(up)?].to_vec()
        }
        first => {
            let child = [path.clone(), vec![first.to_owned()]].concat();
            return known.contains(&child).then(|| [path.clone(), parts].concat());
        }
    };
    Some([base, parts.split_off(1)].concat())
}

/// Which module uses which others.
fn graph(modules: &BTreeMap<Path, Module>) -> BTreeMap<Path, BTreeSet<Path>> {
    let uses = |(path, module): (&Path, &Module)| {
        let used = module.uses.iter().filter_map(|used| file_of(used, modules, 0)).filter(|used| used != path);
        (path.clone(), used.collect())
    };
    modules.iter().map(uses).collect()
}

/// The module that an item comes from, through `pub use`.
fn file_of(used: &[String], modules: &BTreeMap<Path, Module>, depth: usize) -> Option<Path> {
    let end = (0..=used.len()).rev().find(|end| modules.contains_key(&used[..*end]))?;
    let origin = used.get(end).and_then(|name| modules[&used[..end]].passed_on.get(name)).filter(|_| depth < 5);
    match origin {
        Some(origin) => file_of(&[origin.clone(), used[end + 1..].to_vec()].concat(), modules, depth + 1),
        None => Some(used[..end].to_vec()),
    }
}

/// Groups of modules each of which reaches all others of its group.
fn circles(graph: &BTreeMap<Path, BTreeSet<Path>>) -> Vec<BTreeSet<Path>> {
    let reached = |from: &Path| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(path) = open.pop() {
            open.extend(graph.get(path).into_iter().flatten().filter(|used| seen.insert((*used).clone())));
        }
        seen
    };
    let reach: BTreeMap<&Path, BTreeSet<Path>> = graph.keys().map(|path| (path, reached(path))).collect();
    let circle = |path: &Path| -> BTreeSet<Path> {
        reach[path].iter().filter(|other| reach[*other].contains(path)).cloned().collect()
    };
    let all: BTreeSet<BTreeSet<Path>> = graph.keys().map(circle).filter(|circle| circle.len() > 1).collect();
    all.into_iter().collect()
}

#[test]
fn use_trees_are_read_branch_by_branch() {
    assert_eq!(branches("a::{b, c::{d, e as f}, self}"), ["a::b", "a::c::d", "a::c::e", "a::self"]);
    let (path, known) = (vec!["x".to_owned(), "y".to_owned()], BTreeSet::new());
    let at = |used: &str| absolute(used, &path, &known).map(|path| path.join("::"));
    assert_eq!(at("super::z::A").as_deref(), Some("x::z::A"));
    assert_eq!(at("self::z::A").as_deref(), Some("x::y::z::A"));
    assert_eq!(at("crate::z::A").as_deref(), Some("z::A"));
    assert_eq!(at("std::z::A"), None);
}
