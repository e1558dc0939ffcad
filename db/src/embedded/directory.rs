//! The directories of one server, with the right owners, and the lock that keeps a second Drover out.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::identity::{self, Identity};
use super::{EmbeddedError, EmbeddedSettings};

/// The longest directory a socket fits in: a Unix socket path has 107 bytes, `/.s.PGSQL.5432` takes its share.
const SOCKET_PATH: usize = 90;

/// How long another Drover may hold the lock before we believe that it is there to stay.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Where the parts of one server are. The lock lasts as long as this value.
#[derive(Debug)]
pub(super) struct Directory {
    pub(super) data: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) log: PathBuf,
    pub(super) identity: Option<Identity>,
    _lock: File,
}

impl Directory {
    /// Creates what is missing and takes the lock.
    pub(super) async fn open(settings: &EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let root = &settings.directory;
        DirBuilder::new().recursive(true).mode(0o711).create(root).map_err(EmbeddedError::at("creating", root))?;
        let root = fs::canonicalize(root).map_err(EmbeddedError::at("looking at", root))?;
        let data = root.join("data");
        let identity = identity::choose(&data)?;
        close(&root, identity.as_ref())?;
        let lock = lock(&root).await?;
        identity::check_reach(identity.as_ref(), &root)?;
        let socket = socket_directory(&root, settings)?;
        private(&socket, identity.as_ref())?;
        Ok(Self { log: root.join("postgres.log"), data, socket, identity, _lock: lock })
    }

    /// Takes away the socket's directory, which may lie in a place that is not ours. The next start makes it anew.
    pub(super) fn leave(&self) {
        // Not empty: the server did not end in order, and the next start clears up.
        let _ = fs::remove_dir(&self.socket);
    }

    /// Whether the data are there. They are moved to their place when they are complete, so there is no half.
    pub(super) fn has_data(&self) -> bool {
        self.data.join("PG_VERSION").is_file()
    }
}

/// Nobody but us looks into the directory; the group of the server's user may pass through to the data and the socket.
fn close(root: &Path, identity: Option<&Identity>) -> Result<(), EmbeddedError> {
    let mode = if identity.is_some() { 0o710 } else { 0o700 };
    if let Some(identity) = identity {
        chown(root, Some(0), Some(identity.gid)).map_err(EmbeddedError::at("handing over", root))?;
    }
    fs::set_permissions(root, Permissions::from_mode(mode)).map_err(EmbeddedError::at("closing", root))
}

/// The directory of the socket, where another process holds the lock.
pub(super) fn socket_in_use(settings: &EmbeddedSettings) -> Result<Option<PathBuf>, EmbeddedError> {
    let root = &settings.directory;
    let path = root.join("lock");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EmbeddedError::at("opening", &path)(error)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::at("locking", &path)(error)),
        Err(TryLockError::WouldBlock) => {
            let root = fs::canonicalize(root).map_err(EmbeddedError::at("looking at", root))?;
            socket_directory(&root, settings).map(Some)
        }
    }
}

/// Creates a directory that only `identity` may enter, or takes one over.
pub(super) fn private(directory: &Path, identity: Option<&Identity>) -> Result<(), EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(EmbeddedError::at("creating", directory)(error));
        }
        _ => {}
    }
    fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(EmbeddedError::at("closing", directory))?;
    match identity {
        Some(identity) => chown(directory, Some(identity.uid), Some(identity.gid))
            .map_err(EmbeddedError::at("handing over", directory)),
        None => Ok(()),
    }
}

/// The kernel lets go of the lock when its holder ends, also by `kill -9`, but a holder that was just killed may
/// take a moment to end.
async fn lock(root: &Path) -> Result<File, EmbeddedError> {
    let path = root.join("lock");
    let open = File::options().create(true).read(true).write(true).truncate(false).mode(0o600).open(&path);
    let mut file = open.map_err(EmbeddedError::at("opening", &path))?;
    // Whoever may read it could hold a lock of its own and keep us out.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(EmbeddedError::at("closing", &path))?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    while let Err(refused) = file.try_lock() {
        match refused {
            TryLockError::WouldBlock if Instant::now() < deadline => sleep(Duration::from_millis(20)).await,
            TryLockError::WouldBlock => {
                return Err(EmbeddedError::InUse { directory: root.to_owned(), pid: holder(&mut file) });
            }
            TryLockError::Error(error) => return Err(EmbeddedError::at("locking", &path)(error)),
        }
    }
    let noted = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    noted.map_err(EmbeddedError::at("writing", &path))?;
    Ok(file)
}

fn holder(file: &mut File) -> Option<String> {
    let mut pid = String::new();
    file.read_to_string(&mut pid).ok()?;
    Some(pid.trim().to_owned()).filter(|pid| !pid.is_empty())
}

/// Below the root where the path is short enough, else a directory whose name is made from the root's inode.
fn socket_directory(root: &Path, settings: &EmbeddedSettings) -> Result<PathBuf, EmbeddedError> {
    let beside = root.join("socket");
    if beside.as_os_str().len() <= SOCKET_PATH {
        return Ok(beside);
    }
    let found = fs::metadata(root).map_err(EmbeddedError::at("looking at", root))?;
    let short = settings.short_directory.join(format!("drover-postgres-{:x}-{:x}", found.dev(), found.ino()));
    // In a directory that everybody may write to, a name we know could be taken by somebody else.
    if let Ok(taken) = fs::symlink_metadata(&short) {
        let owner = taken.uid();
        let ours = owner == super::spawn::effective_uid() || owner == found.uid() || owner == data_owner(root);
        if !taken.is_dir() || !ours {
            return Err(EmbeddedError::NotPrivate { directory: short });
        }
    }
    Ok(short)
}

fn data_owner(root: &Path) -> u32 {
    fs::metadata(root.join("data")).map_or(0, |data| data.uid())
}
