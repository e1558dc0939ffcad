//! Says which commit the program is built from: that of `DROVER_COMMIT`, or else the one that is checked out here.
//!
//! Only this crate looks, so that a commit makes nothing else be built anew.

use std::{env, path::Path, process::Command};

const VARIABLE: &str = "DROVER_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let commit = setting(VARIABLE).filter(|commit| !commit.is_empty()).or_else(checked_out);
    println!("cargo::rustc-env={VARIABLE}={}", commit.unwrap_or_else(|| "unknown".to_owned()));
}

/// `None` outside of a checkout of this repository, as in an unpacked archive, also where that lies inside another one.
fn checked_out() -> Option<String> {
    let root = Path::new(&setting("CARGO_MANIFEST_DIR")?).parent()?.canonicalize().ok()?;
    let top = git(&root, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root {
        return None;
    }
    // A checkout writes HEAD; a commit writes the branch, which may lie among the packed ones, and the log of HEAD.
    let branch = git(&root, &["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD"].into_iter().chain(branch.as_deref()) {
        let path = root.join(git(&root, &["rev-parse", "--git-path", name])?);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(&root, &["rev-parse", "HEAD"])
}

/// The one line that git answers.
fn git(root: &Path, words: &[&str]) -> Option<String> {
    let answer = Command::new("git").current_dir(root).args(words).output().ok()?;
    let line = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    (answer.status.success() && !line.is_empty()).then_some(line)
}

#[expect(clippy::disallowed_methods, reason = "a build script is spoken to in environment variables")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}
