//! Rebuilds the crate when a database version is added or edited, and compiles a PostgreSQL in where asked to.

use std::path::PathBuf;
use std::{env, fs};

/// Names a local archive of PostgreSQL's programs. Nothing is ever downloaded.
const ARCHIVE: &str = "DROVER_POSTGRES_ARCHIVE";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=versions");
    println!("cargo::rerun-if-env-changed={ARCHIVE}");
    if setting("CARGO_FEATURE_BUNDLED_POSTGRES").is_some() {
        bundle();
    }
}

fn bundle() {
    let archive = setting(ARCHIVE).unwrap_or_else(|| {
        panic!("the feature `bundled-postgres` needs {ARCHIVE}: a tar archive with bin/, lib/ and share/ of PostgreSQL")
    });
    println!("cargo::rerun-if-changed={archive}");
    let place = PathBuf::from(setting("OUT_DIR").unwrap_or_default()).join("postgres.tar");
    if let Err(error) = fs::copy(&archive, place) {
        panic!("the archive {archive} named by {ARCHIVE} cannot be read: {error}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a build script is spoken to in environment variables")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}
