//! The workspace, from `cargo metadata`.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `cargo metadata` with these arguments. It never touches the network: whoever runs this test has built it.
pub(crate) fn cargo_metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The crates of the workspace, each with the names of all it depends on, for building, testing or running.
pub(crate) fn crates() -> Vec<(String, Vec<String>)> {
    let metadata = cargo_metadata(&["--no-deps"]);
    let name = |it: &Value| it["name"].as_str().unwrap().to_owned();
    let depends = |package: &Value| package["dependencies"].as_array().unwrap().iter().map(name).collect();
    metadata["packages"].as_array().unwrap().iter().map(|package| (name(package), depends(package))).collect()
}

/// Fails the test with all problems at once, so that one run is enough to fix them.
pub(crate) fn expect_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n  {}", problems.join("\n  "));
}
