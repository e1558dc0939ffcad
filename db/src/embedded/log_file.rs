//! The server's own log: kept beside the data, cut when it has grown, and quoted when the server fails.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
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
    let mut options = File::options();
    let log = options.create(true).append(true).mode(0o600).open(path).map_err(EmbeddedError::at("opening", path))?;
    // A log of an older version was for everybody to read, and it quotes statements.
    log.set_permissions(Permissions::from_mode(0o600)).map_err(EmbeddedError::at("closing", path))?;
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
