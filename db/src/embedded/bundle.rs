//! The PostgreSQL compiled into this program, unpacked beside the data when it is first needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::EmbeddedError;

/// What the build script was given: an archive with `bin/`, `lib/` and `share/`, packed as `tar` understands it.
static ARCHIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/postgres.tar"));

/// The directory with the unpacked programs. Its name changes with the archive, so that a newer program brings
/// its own.
pub(super) fn unpack(home: &Path) -> Result<PathBuf, EmbeddedError> {
    let place = home.join(format!("programs-{:016x}", fingerprint(ARCHIVE)));
    if place.exists() {
        return Ok(place);
    }
    let part = place.with_extension("part");
    let archive = part.join("postgres.tar");
    if part.exists() {
        fs::remove_dir_all(&part).map_err(EmbeddedError::at("removing", &part))?;
    }
    fs::create_dir_all(&part).map_err(EmbeddedError::at("creating", &part))?;
    fs::write(&archive, ARCHIVE).map_err(EmbeddedError::at("writing", &archive))?;
    extract(&archive, &part)?;
    fs::remove_file(&archive).map_err(EmbeddedError::at("removing", &archive))?;
    fs::rename(&part, &place).map_err(EmbeddedError::at("moving into place", &place))?;
    Ok(place)
}

fn extract(archive: &Path, into: &Path) -> Result<(), EmbeddedError> {
    let mut command = Command::new("tar");
    command.arg("-xf").arg(archive).arg("-C").arg(into).args(["--no-same-owner"]);
    let output = command.output().map_err(|error| EmbeddedError::io("running tar", error))?;
    if output.status.success() {
        return Ok(());
    }
    let words = std::io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    Err(EmbeddedError::io("unpacking the bundled PostgreSQL", words))
}

/// FNV-1a over the whole archive: a few milliseconds, and only at the start.
fn fingerprint(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}
