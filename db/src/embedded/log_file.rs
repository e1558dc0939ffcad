//! The server's own log: kept beside the data, cut when it has grown, and quoted when the server fails.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use super::EmbeddedError;

const LARGEST: u64 = 8 * 1024 * 1024;
const QUOTED_LINES: usize = 15;

/// Opens the log for one run of the server: its standard output and error, and where this run begins.
pub(super) fn open(path: &Path) -> Result<(Stdio, Stdio, u64), EmbeddedError> {
    if fs::metadata(path).is_ok_and(|log| log.len() > LARGEST) {
        fs::rename(path, path.with_extension("log.1")).map_err(EmbeddedError::at("renaming", path))?;
    }
    let log = File::options().create(true).append(true).open(path).map_err(EmbeddedError::at("opening", path))?;
    let begins = log.metadata().map_or(0, |log| log.len());
    let copy = log.try_clone().map_err(EmbeddedError::at("opening", path))?;
    Ok((log.into(), copy.into(), begins))
}

/// The last lines since `begins`.
pub(super) fn tail(path: &Path, begins: u64) -> String {
    let text = fs::read(path).unwrap_or_default();
    let begins = usize::try_from(begins).unwrap_or(0).min(text.len());
    let text = String::from_utf8_lossy(&text[begins..]).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}
