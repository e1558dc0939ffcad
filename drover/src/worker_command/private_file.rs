//! Files that nobody but their owner may use.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// More than any secret needs; a wrong file is not read to its end.
const MAX_BYTES: u64 = 1024 * 1024;
/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

pub(super) fn from_file(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let mode = file.metadata()?.mode();
    if mode & OTHERS != 0 {
        let mode = mode & 0o777;
        let words = format!("others than its owner may use it (mode {mode:03o}); run `chmod 600 {}`", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    }
    read_all(file)
}

pub(super) fn read_all(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}
