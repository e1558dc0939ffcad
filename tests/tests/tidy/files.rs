//! The files of the repository.

use std::{fs, path::PathBuf, process::Command};

use crate::metadata::root;

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
