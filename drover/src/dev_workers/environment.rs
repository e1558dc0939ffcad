//! What workers and tasks see of Drover's own environment, which may hold tokens.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base::environment;

/// What a worker's process needs for itself.
const FOR_WORKERS: [&str; 6] = ["HOME", "PATH", "TMPDIR", "RUST_BACKTRACE", "DROVER_ISOLATION", "DROVER_TASK_NETWORK"];

/// The environment of a worker's process: what it needs, and what its tasks are to get.
pub(crate) fn for_workers(task_variables: &[String]) -> BTreeMap<String, String> {
    let names = FOR_WORKERS.into_iter().chain(task_variables.iter().map(String::as_str));
    names.filter_map(|name| Some((name.to_owned(), environment::variable(name)?))).collect()
}

/// What tasks may read: the given paths, from where this program was started. The root and a whole home, with the keys and
/// tokens in it, are not what somebody means who starts it there.
pub(crate) fn task_paths(given: &[String]) -> Vec<PathBuf> {
    let home = environment::variable("HOME").and_then(|home| fs::canonicalize(home).ok()).unwrap_or_default();
    let whole = given.iter().filter_map(|path| fs::canonicalize(path).ok());
    whole.filter(|path| !home.starts_with(path)).collect()
}

/// What tasks see of our own environment, and this very program as `$DROVER`. Their home is elsewhere, so Rust's tools
/// need the paths of their own programs.
pub(crate) fn task_environment(names: &[String]) -> BTreeMap<String, String> {
    let present = names.iter().filter_map(|name| Some((name.clone(), environment::variable(name)?)));
    let mut variables: BTreeMap<String, String> = present.collect();
    let home = environment::variable("HOME").unwrap_or_default();
    for (name, folder) in [("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")] {
        let place = Path::new(&home).join(folder);
        if names.iter().any(|listed| listed == name) && !variables.contains_key(name) && place.is_dir() {
            variables.insert(name.to_owned(), place.display().to_string());
        }
    }
    if let Ok(program) = std::env::current_exe() {
        variables.insert("DROVER".to_owned(), program.display().to_string());
    }
    variables
}
