//! Giving a whole directory to another user.

use std::{io, os::fd::AsFd};

use rustix::{
    fs::{AtFlags, Dir, FileType, Gid, Mode, Uid, chownat, fstat, openat, statat},
    io::Errno,
};

use super::DIRECTORY;

/// Gives everything below an open directory, and the directory itself, to `to`. What belongs neither to `to` nor to the
/// directory's owner of before is an error: it would be a further name of somebody else's file.
pub(crate) fn give(directory: &impl AsFd, to: (Uid, Gid)) -> io::Result<()> {
    let from = fstat(directory)?.st_uid;
    if from == to.0.as_raw() {
        return Ok(());
    }
    below(directory, from, to)?;
    Ok(rustix::fs::fchown(directory, Some(to.0), Some(to.1))?)
}

fn below(directory: &impl AsFd, from: u32, to: (Uid, Gid)) -> io::Result<()> {
    let worker = rustix::process::geteuid().as_raw();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        // From the time when tasks ran as the worker's own user, it could also be a further name of a file of the worker.
        let shared =
            from == worker && stat.st_nlink > 1 && FileType::from_raw_mode(stat.st_mode) != FileType::Directory;
        if shared || (stat.st_uid != from && stat.st_uid != to.0.as_raw()) {
            return Err(io::Error::other(format!("`{}` belongs to another user", name.to_string_lossy())));
        }
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            match openat(directory, name, DIRECTORY, Mode::empty()) {
                Err(Errno::NOENT) => continue,
                opened => below(&opened?, from, to)?,
            }
        }
        chownat(directory, name, Some(to.0), Some(to.1), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}
