//! Reading what a task has left in its directory.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Dir, FileType, Mode, OFlags, ResolveFlags, openat, openat2},
    io::Errno,
};

use super::{DIRECTORY, Directory, kind};

/// Links may lead to other paths inside the directory, but not out of it. The kernel enforces this during the lookup, so there is no race
/// with a task that swaps a link.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS);
/// The same where links begin at the directory, and so does `..` above it.
const IN_ROOT: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);
/// A rename elsewhere in the directory may disturb the kernel's search; it then asks to try again.
const MAX_TRIES: usize = 100;

/// Why a file of a task cannot be read.
#[derive(Debug)]
pub(crate) enum FileError {
    Io(io::Error),
    /// What is wrong with it.
    Invalid(&'static str),
}

impl From<Errno> for FileError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::XDEV | Errno::LOOP => Self::Invalid("leads out of the task directory"),
            Errno::NXIO | Errno::NODEV => Self::Invalid("is not a regular file"),
            error => Self::Io(error.into()),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An entry of a directory that is no directory, by its path from the task directory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) is_link: bool,
}

impl Directory {
    /// A regular file of the task. What is returned is what was looked at, whatever becomes of its name.
    pub(crate) fn file(&self, path: &Path) -> Result<File, FileError> {
        // A pipe would wait for a writer, a terminal could become ours.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(self.beneath(path, flags)?);
        let (stat, kind) = kind(&file)?;
        if kind != FileType::RegularFile {
            return Err(FileError::Invalid(if kind == FileType::Directory {
                IS_DIRECTORY
            } else {
                "is not a regular file"
            }));
        }
        if !self.is_own_file(&stat) {
            return Err(FileError::Invalid("is a file that belongs to another user"));
        }
        Ok(file)
    }

    /// Everything below a directory that is no directory, in order of the names. Links to directories are not entered:
    /// they may lead in a circle.
    pub(crate) fn entries(&self, path: &Path) -> Result<Vec<Entry>, FileError> {
        let directory = match self.beneath(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC) {
            Err(FileError::Io(error)) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(FileError::Invalid("is not a directory"));
            }
            opened => opened?,
        };
        let mut found = Vec::new();
        collect(&directory, path, &mut found)?;
        Ok(found)
    }

    fn beneath(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, FileError> {
        let resolve = if self.is_root { IN_ROOT } else { BENEATH };
        let open = || openat2(&*self.fd, path, flags, Mode::empty(), resolve);
        let mut opened = open();
        for _ in 0..MAX_TRIES {
            if !matches!(opened, Err(Errno::AGAIN)) {
                break;
            }
            opened = open();
        }
        opened.map_err(FileError::from)
    }
}

/// What a file that should be one is instead.
pub(crate) const IS_DIRECTORY: &str = "is a directory, not a regular file";

fn collect(directory: &OwnedFd, path: &Path, found: &mut Vec<Entry>) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            entries.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, kind) in entries {
        let path = path.join(OsStr::from_bytes(name.to_bytes()));
        let is_directory = match kind {
            // Some file systems do not say.
            FileType::Directory | FileType::Unknown => match openat(directory, &*name, DIRECTORY, Mode::empty()) {
                Ok(below) => {
                    collect(&below, &path, found)?;
                    true
                }
                Err(Errno::NOTDIR | Errno::LOOP | Errno::NOENT) => false,
                Err(error) => return Err(error.into()),
            },
            _ => false,
        };
        if !is_directory {
            found.push(Entry { path, is_link: kind == FileType::Symlink });
        }
    }
    Ok(())
}
