//! Rebuilds the crate when a database version is added or edited.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=versions");
}
