//! Writing into a task directory. No link is ever followed, so nothing is written outside of it.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    path::{Component, Path},
};

use rustix::{
    fs::{
        AtFlags, Mode, OFlags, Timespec, Timestamps, chownat, fchmod, fchown, futimens, linkat, mkdirat, openat,
        symlinkat, unlinkat,
    },
    io::Errno,
};

use super::{DIRECTORY, Directory};

const CHUNK: usize = 64 * 1024;

/// What a file is to be like once it is written.
pub(crate) struct NewFile {
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) modified: Option<i64>,
}

/// The parts of a relative path that stays below where it begins; else what is wrong with it.
pub(crate) fn components(path: &Path) -> Result<Vec<OsString>, &'static str> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_owned()),
            Component::CurDir => {}
            Component::ParentDir => return Err("contains `..`"),
            Component::RootDir | Component::Prefix(_) => return Err("is absolute"),
        }
    }
    Ok(parts)
}

impl Directory {
    /// The directory of this relative path; what is missing of it is made.
    pub(crate) fn make(&self, parts: &[OsString]) -> io::Result<Self> {
        let mut directory = self.clone();
        for part in parts {
            directory = directory.make_one(part)?;
        }
        Ok(directory)
    }

    fn make_one(&self, name: &OsStr) -> io::Result<Self> {
        let opened = match openat(&*self.fd, name, DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT) => {
                mkdirat(&*self.fd, name, Mode::from_raw_mode(0o755))?;
                let made = openat(&*self.fd, name, DIRECTORY, Mode::empty())?;
                self.own(&made)?;
                fchmod(&made, Mode::from_raw_mode(0o755))?;
                Ok(made)
            }
            Err(Errno::LOOP | Errno::NOTDIR) => {
                Err(io::Error::other(format!("`{}` is not a directory", name.display())))
            }
            opened => opened.map_err(io::Error::from),
        };
        Ok(Self { uid_count: self.uid_count, ..Self::from_fd(opened?, self.owner) })
    }

    /// A new file of this name, in place of whatever has it. `copy` writes the content.
    pub(crate) fn write(
        &self,
        name: &OsStr,
        new: &NewFile,
        copy: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        self.remove(name)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&*self.fd, name, flags, Mode::from_raw_mode(0o600))?);
        copy(&mut file)?;
        self.finish(&file, new)
    }

    /// Takes in a file that the worker has made elsewhere on the same file system.
    pub(crate) fn take_in(&self, name: &OsStr, from: &Path, new: &NewFile) -> io::Result<()> {
        self.remove(name)?;
        self.finish(&File::open(from)?, new)?;
        rustix::fs::renameat(rustix::fs::CWD, from, &*self.fd, name)?;
        Ok(())
    }

    fn finish(&self, file: &File, new: &NewFile) -> io::Result<()> {
        self.own(file)?;
        // Also drops the bits that would run it as its owner or group.
        fchmod(file, Mode::from_raw_mode(new.mode & 0o777))?;
        if let Some(seconds) = new.modified {
            let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
            futimens(file, &Timestamps { last_access: time, last_modification: time })?;
        }
        Ok(())
    }

    pub(crate) fn link(&self, name: &OsStr, target: &Path) -> io::Result<()> {
        self.remove(name)?;
        symlinkat(target, &*self.fd, name)?;
        if let Some((uid, gid)) = self.owner {
            chownat(&*self.fd, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    /// A second name for a file.
    pub(crate) fn second_name(&self, name: &OsStr, directory: &Self, existing: &OsStr) -> io::Result<()> {
        self.remove(name)?;
        linkat(&*directory.fd, existing, &*self.fd, name, AtFlags::empty())?;
        Ok(())
    }

    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        Ok(fchmod(&*self.fd, Mode::from_raw_mode(mode & 0o777))?)
    }

    /// Removes what is no directory; nothing there is fine.
    fn remove(&self, name: &OsStr) -> io::Result<()> {
        match unlinkat(&*self.fd, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            removed => Ok(removed?),
        }
    }

    fn own(&self, fd: impl rustix::fd::AsFd) -> io::Result<()> {
        match self.owner {
            Some((uid, gid)) => Ok(fchown(fd, Some(uid), Some(gid))?),
            None => Ok(()),
        }
    }
}

/// Copies piece by piece; `allow` is asked before each is written.
pub(crate) fn copy(
    from: &mut dyn Read,
    to: &mut dyn Write,
    mut allow: impl FnMut(u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if length == 0 {
            return Ok(());
        }
        allow(length as u64)?;
        to.write_all(&buffer[..length])?;
    }
}
