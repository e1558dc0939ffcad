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
    /// How many uids, from that one on, are the task's.
    uid_count: u32,
    /// Whether this is the root of the task's file system: then absolute paths and links begin here.
    is_root: bool,
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Directory {
    /// One that the worker has made.
    pub(crate) fn open(path: &Path, owner: Owner) -> io::Result<Self> {
        Ok(Self::from_fd(open(path, DIRECTORY, Mode::empty())?, owner))
    }

    /// The same of a run with several users.
    pub(crate) fn open_of_users(path: &Path, owner: Owner, uid_count: u32) -> io::Result<Self> {
        Ok(Self { uid_count, ..Self::open(path, owner)? })
    }

    /// The root directory of a container.
    pub(crate) fn root(fd: OwnedFd, owner: Owner, uid_count: u32) -> Self {
        Self { uid_count, is_root: true, ..Self::from_fd(fd, owner) }
    }

    fn from_fd(fd: OwnedFd, owner: Owner) -> Self {
        Self { fd: Arc::new(fd), owner, uid_count: 1, is_root: false }
    }

    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    pub(crate) fn fd(&self) -> impl AsFd + '_ {
        self.fd.as_fd()
    }
}

impl Directory {
    /// Whether this is a file that the task could have made: of its own users where it has them, and else no further name of
    /// somebody else's file.
    fn is_own_file(&self, stat: &Stat) -> bool {
        match self.owner {
            Some((uid, _)) => (uid.as_raw()..uid.as_raw().saturating_add(self.uid_count)).contains(&stat.st_uid),
            None => stat.st_nlink == 1 || stat.st_uid == rustix::process::geteuid().as_raw(),
        }
    }
}

fn kind(file: &File) -> io::Result<(Stat, FileType)> {
    let stat = fstat(file)?;
    Ok((stat, FileType::from_raw_mode(stat.st_mode)))
}
