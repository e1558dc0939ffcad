//! Mounts below the directory on which the new root is assembled.

use std::{
    ffi::CString,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use rustix::mount::{MountFlags, mount, mount_bind_recursive};

use crate::{
    plan::{Access, View},
    sys,
};

/// A root in the making.
pub(super) struct NewRoot(pub(super) PathBuf);

impl NewRoot {
    /// Where an absolute path of the new root is now.
    pub(super) fn place(&self, target: &Path) -> PathBuf {
        self.0.join(target.strip_prefix("/").unwrap_or(target))
    }

    pub(super) fn directory(&self, target: impl AsRef<Path>) -> io::Result<PathBuf> {
        let place = self.place(target.as_ref());
        DirBuilder::new().recursive(true).mode(0o755).create(&place)?;
        Ok(place)
    }

    pub(super) fn file(&self, target: impl AsRef<Path>, content: &[u8]) -> io::Result<PathBuf> {
        let place = self.place(target.as_ref());
        if let Some(parent) = target.as_ref().parent() {
            self.directory(parent)?;
        }
        fs::write(&place, content)?;
        Ok(place)
    }

    /// Shows what is there on the host. Set-user-id bits and devices in it do nothing.
    pub(super) fn view(&self, view: &View) -> io::Result<()> {
        let mut attributes = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
        if view.access == Access::ReadOnly {
            attributes |= libc::MOUNT_ATTR_RDONLY;
        }
        let place = self.bind(&view.source, &view.target)?;
        sys::set_mount_attributes(&place, attributes, true)
    }

    /// With the mount's attributes on the host.
    pub(super) fn bind(&self, source: &Path, target: &Path) -> io::Result<PathBuf> {
        let place = self.place(target);
        if fs::metadata(source)?.is_dir() {
            self.directory(target)?;
        } else if !place.exists() {
            self.file(target, b"")?;
        }
        mount_bind_recursive(source, &place)?;
        Ok(place)
    }

    /// Nothing can be read here any more.
    pub(super) fn hide(&self, target: &Path) -> io::Result<()> {
        let place = self.place(target);
        if !place.exists() {
            return Ok(());
        }
        if place.is_dir() {
            return self.memory(target, "size=0k,mode=000", MountFlags::RDONLY).map(drop);
        }
        mount_bind_recursive("/dev/null", &place)?;
        Ok(())
    }

    /// A file system in memory.
    pub(super) fn memory(&self, target: &Path, options: &str, flags: MountFlags) -> io::Result<PathBuf> {
        self.mount("tmpfs", target, options, flags)
    }

    pub(super) fn mount(&self, kind: &str, target: &Path, options: &str, flags: MountFlags) -> io::Result<PathBuf> {
        let place = self.directory(target)?;
        let options = CString::new(options)?;
        mount(kind, &place, kind, flags | MountFlags::NOSUID, options.as_c_str())?;
        Ok(place)
    }
}

/// An open file only shows that it can be opened.
pub(super) fn is_readable_by_all(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    File::open(path).and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.mode() & 0o004 != 0)
}
