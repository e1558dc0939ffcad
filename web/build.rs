//! Embeds what `npm run build` made in `ui/dist`, each file also compressed. Without it a page that says how to build it is
//! embedded instead: `cargo build` never needs Node.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};

/// Set where a program without the page is of no use, as for a release.
const REQUIRED: &str = "DROVER_UI_REQUIRED";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={REQUIRED}");
    let ui = PathBuf::from(setting("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../ui");
    let dist = ui.join("dist");
    // A folder that is not there counts as changed at each build, so its parent is watched until it is.
    println!("cargo::rerun-if-changed={}", if dist.exists() { &dist } else { &ui }.display());
    println!("cargo::rustc-env=DROVER_UI_DIST={}", dist.display());
    let is_built = dist.join("index.html").exists();
    let is_required = setting(REQUIRED).is_some_and(|value| value == "1");
    assert!(is_built || !is_required, "{REQUIRED}=1, and the page is not built: run `./dev ui`");
    let folder = if is_built { dist } else { ui.join("unbuilt") };
    if let Err(error) = embed(&folder) {
        panic!("the page in {} cannot be embedded: {error}", folder.display());
    }
}

/// Writes the table of files: path, bytes, and the same compressed where that is shorter.
fn embed(folder: &Path) -> io::Result<()> {
    let out = PathBuf::from(setting("OUT_DIR").unwrap_or_default());
    let mut files = Vec::new();
    collect(folder, folder, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (number, name) in files.iter().enumerate() {
        let bytes = fs::read(folder.join(name))?;
        // Copied, as the page may be built again while this program is.
        let copy = out.join(format!("{number}.bin"));
        fs::write(&copy, &bytes)?;
        let zipped = gzip(&bytes)?;
        let mut compressed = "None".to_owned();
        if zipped.len() < bytes.len() {
            let place = out.join(format!("{number}.gz"));
            fs::write(&place, zipped)?;
            compressed = format!("Some(include_bytes!({:?}))", place.display().to_string());
        }
        let path = copy.display().to_string();
        let _ = writeln!(table, "    ({:?}, include_bytes!({path:?}), {compressed}),", format!("/{name}"));
    }
    table.push(']');
    fs::write(out.join("files.rs"), table)
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
            files.push(name.to_owned());
        }
    }
    Ok(())
}

/// Without a time in its head, so that equal files are equal.
fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[expect(clippy::disallowed_methods, reason = "a build script is spoken to in environment variables")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}
