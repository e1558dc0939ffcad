//! Files of a task directory. The task decides what lies there, so each is reached through the descriptor of the
//! directory, never by a path that could lead somewhere else.

mod own;
mod read;
mod write;

use std::{
    fs::File,
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
    sync::Arc,
};

use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, open};

pub(crate) use self::{
    own::give,
    read::{Entry, FileError, IS_DIRECTORY},
    write::{NewFile, components, copy},
};
use crate::isolation::Owner;

/// An open directory. A clone is the same directory.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    fd: Arc<OwnedFd>,
    /// Whose the files in it are, when tasks have users of their own.
    owner: Owner,
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Directory {
    /// One that the worker has made.
    pub(crate) fn open(path: &Path, owner: Owner) -> io::Result<Self> {
        Ok(Self::from_fd(open(path, DIRECTORY, Mode::empty())?, owner))
    }

    fn from_fd(fd: OwnedFd, owner: Owner) -> Self {
        Self { fd: Arc::new(fd), owner }
    }

    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    pub(crate) fn fd(&self) -> impl AsFd + '_ {
        self.fd.as_fd()
    }
}

/// Whether this is a file that the task could have made: of its own user where it has one, and else no further name of
/// somebody else's file.
fn is_own_file(stat: &Stat, owner: Owner) -> bool {
    match owner {
        Some((uid, _)) => stat.st_uid == uid.as_raw(),
        None => stat.st_nlink == 1 || stat.st_uid == rustix::process::geteuid().as_raw(),
    }
}

fn kind(file: &File) -> io::Result<(Stat, FileType)> {
    let stat = fstat(file)?;
    Ok((stat, FileType::from_raw_mode(stat.st_mode)))
}
