//! Which image came from which archive, so that an archive is unpacked once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A file for each, named after the archive's sha256, with the id of the image.
#[derive(Debug)]
pub(super) struct Archives(PathBuf);

impl Archives {
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self(directory.to_owned()))
    }

    pub(super) fn image(&self, sha256: &str) -> Option<String> {
        fs::read_to_string(self.0.join(sha256)).ok().filter(|id| !id.is_empty())
    }

    /// In one step: a worker may be killed at any time.
    pub(super) fn note(&self, sha256: &str, id: &str) -> io::Result<()> {
        let new = self.0.join("new");
        fs::write(&new, id)?;
        fs::rename(new, self.0.join(sha256))
    }

    /// Those of images that are gone.
    pub(super) fn forget(&self, is_gone: impl Fn(&str) -> bool) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            if fs::read_to_string(entry.path()).is_ok_and(|id| is_gone(&id)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
