//! Giving a whole directory to other users.

use std::{io, os::fd::AsFd};

use rustix::{
    fs::{AtFlags, Dir, FileType, Gid, Mode, Stat, Uid, chownat, fstat, openat, statat},
    io::Errno,
};

use super::{DIRECTORY, Directory};

/// Where uids come from and go to: as many on both sides. Groups follow them.
#[derive(Clone, Copy)]
struct Move {
    from: u32,
    to: u32,
    count: u32,
}

impl Directory {
    /// Gives everything below this directory, and the directory itself, to the users of `task`. What belongs neither to these nor
    /// to those of before is an error: it would be a further name of somebody else's file.
    pub(crate) fn give_to(&self, task: &Self) -> io::Result<()> {
        let Some((to, _)) = task.owner else { return Ok(()) };
        let owner = fstat(&self.fd)?.st_uid;
        let count = task.uid_count;
        // Ranges of several begin at multiples of their length, and a task may have given the directory to any of its users.
        let moved = Move { from: owner - owner % count, to: to.as_raw(), count };
        if moved.from == moved.to {
            return Ok(());
        }
        let (uid, gid) = moved.of(&fstat(&self.fd)?)?;
        below(&self.fd, moved)?;
        Ok(rustix::fs::fchown(&self.fd, Some(uid), Some(gid))?)
    }
}

impl Move {
    fn of(self, stat: &Stat) -> io::Result<(Uid, Gid)> {
        let uid = self.number(stat.st_uid).ok_or_else(|| io::Error::other("a file belongs to another user"))?;
        // Groups of the machine that a task was in are left behind.
        let gid = if self.count == 1 { self.to } else { self.number(stat.st_gid).unwrap_or(self.to) };
        Ok((Uid::from_raw(uid), Gid::from_raw(gid)))
    }

    /// What has been moved already stays.
    fn number(self, id: u32) -> Option<u32> {
        let offset = [self.from, self.to].into_iter().filter_map(|first| id.checked_sub(first));
        offset.filter(|offset| *offset < self.count).min().map(|offset| self.to + offset)
    }
}

fn below(directory: &impl AsFd, moved: Move) -> io::Result<()> {
    let worker = rustix::process::geteuid().as_raw();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        // From the time when tasks ran as the worker's own user, it could also be a further name of a file of the worker.
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let shared = moved.from == worker && stat.st_nlink > 1 && !is_directory;
        let (uid, gid) = match moved.of(&stat) {
            Ok(owner) if !shared => owner,
            _ => return Err(io::Error::other(format!("`{}` belongs to another user", name.to_string_lossy()))),
        };
        if is_directory {
            match openat(directory, name, DIRECTORY, Mode::empty()) {
                Err(Errno::NOENT) => continue,
                opened => below(&opened?, moved)?,
            }
        }
        chownat(directory, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}
