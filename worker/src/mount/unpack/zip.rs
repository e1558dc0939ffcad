//! Archives of `zip`.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use zip::ZipArchive;

use super::tree::Tree;
use crate::files::NewFile;

/// What the mode of an entry says about its kind.
const KIND: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const REGULAR: u32 = 0o100_000;
/// The longest path that the kernel takes.
const MAX_TARGET: u64 = 4096;

pub(super) fn unpack(archive: File, tree: &mut Tree) -> io::Result<()> {
    let mut archive = ZipArchive::new(archive)?;
    for number in 0..archive.len() {
        let mut entry = archive.by_index(number)?;
        let path = PathBuf::from(entry.name()?.into_owned());
        let mode = entry.unix_mode();
        if entry.is_dir() {
            tree.directory(&path, mode.unwrap_or(0o755))?;
            continue;
        }
        match mode.unwrap_or(0) & KIND {
            LINK => {
                let mut target = String::new();
                entry.by_ref().take(MAX_TARGET).read_to_string(&mut target)?;
                tree.link(&path, &PathBuf::from(target))?;
            }
            0 | REGULAR => {
                let new = NewFile { mode: mode.filter(|mode| mode & 0o777 != 0).unwrap_or(0o644), modified: None };
                tree.file(&path, &new, &mut entry)?;
            }
            _ => tree.leave_out(&path, "neither a file, a directory nor a link"),
        }
    }
    Ok(())
}
