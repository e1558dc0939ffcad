//! The files of the repository, and how long they may be.

use std::{fs, path::PathBuf, process::Command};

use crate::metadata::{expect_none, root};

const LONGEST: usize = 500;

/// Every file git knows or would take in, as a path from the root, with its text. Files that are no text are left out.
pub(crate) fn files(suffix: &str) -> Vec<(String, String)> {
    let listing = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()
        .unwrap();
    assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
    let names = String::from_utf8(listing.stdout).unwrap();
    names.lines().filter(|name| name.ends_with(suffix)).filter_map(with_text).collect()
}

/// `None` for a file that is no text, or that is gone but still in the index.
fn with_text(name: &str) -> Option<(String, String)> {
    fs::read_to_string(root().join(PathBuf::from(name))).ok().map(|text| (name.to_owned(), text))
}

/// Source files of one crate.
pub(crate) fn sources(crate_name: &str) -> Vec<(String, String)> {
    let folder = format!("{crate_name}/src/");
    files(".rs").into_iter().filter(|(name, _)| name.starts_with(&folder)).collect()
}

/// `schema.sql` and the like are written by the tests themselves.
fn is_generated(text: &str) -> bool {
    text.lines().take(3).any(|line| line.to_lowercase().contains("generated"))
}

#[test]
fn no_source_file_is_a_list_that_grew() {
    let mut faults = Vec::new();
    for (name, text) in files(".rs").into_iter().chain(files(".sql")).chain(files(".sh")) {
        let lines = text.lines().count();
        if lines > LONGEST && !is_generated(&text) {
            faults.push(format!("{name} has {lines} lines: split it by verb"));
        }
    }
    expect_none(&faults);
}
