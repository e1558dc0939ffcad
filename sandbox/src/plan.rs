//! What a sandbox looks like from the inside.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Everything the helper needs to know to set up a sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub account: Account,
    pub hostname: String,
    /// An empty directory of the caller's, on which the new root is assembled; nothing of it is seen outside.
    pub staging: PathBuf,
    /// What is seen in place of the system's programs and libraries.
    pub image: Option<Image>,
    /// What is seen besides these.
    pub views: Vec<View>,
    /// Paths below these views that are not to be seen.
    pub hidden: Vec<PathBuf>,
    /// How many listening sockets of the sandbox's loopback network the caller gets.
    pub listeners: usize,
    pub limits: Limits,
}

/// How many uids, and gids, there are in a container.
pub const CONTAINER_IDS: u32 = 1 << 16;

/// A container image, and whose it is. Only for a caller with the rights of root.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Image {
    /// Directories, the uppermost first. They are not changed.
    pub layers: Vec<PathBuf>,
    /// Takes what the programs change. It belongs to `first_id`.
    pub upper: PathBuf,
    /// An empty directory of the same file system, for the kernel.
    pub work: PathBuf,
    /// What the container's own uid and gid 0 stand for on the host; the others follow.
    pub first_id: u32,
    /// Whom the programs run as: names or numbers of the image, as `user` or `user:group`. Empty: root.
    pub user: String,
    /// Where they run; it is made if there is none.
    pub directory: PathBuf,
}

/// Whom the programs run as.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// As numbers of the host. They are changed to, where `is_mapped` is not set. The programs of an image have users of its own.
    pub uid: u32,
    pub gid: u32,
    /// Supplementary groups. Only possible where `is_mapped` is not set.
    pub groups: Vec<Group>,
    /// For a caller without privileges: `uid` and `gid` are the caller's own, the only ones that exist in the sandbox.
    pub is_mapped: bool,
    /// The name in `/etc/passwd`.
    pub name: String,
    pub home: PathBuf,
}

/// A group of the host, with the name that it has in the sandbox, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub gid: u32,
    pub name: String,
}

/// A file or directory of the host that is seen in the sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct View {
    pub source: PathBuf,
    /// An absolute path in the sandbox.
    pub target: PathBuf,
    pub access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Access {
    ReadOnly,
    ReadWrite,
}

/// What the kernel limits without control groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of shared memory in `/dev/shm`.
    pub shared_memory: u64,
    /// Processes of the account, where it is the sandbox's own; otherwise a control group has to limit them.
    pub processes: Option<u64>,
}

impl View {
    /// Seen where it is on the host, read-only.
    pub fn read_only(path: impl Into<PathBuf>) -> Self {
        let source = path.into();
        Self { target: source.clone(), source, access: Access::ReadOnly }
    }
}
