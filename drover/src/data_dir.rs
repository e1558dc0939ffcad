//! The folder in which `drover dev` keeps what has to survive.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use base::{Entropy, environment};

use crate::exit::{Exit, Failure};

/// A folder that exists.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    temporary: bool,
}

impl DataDir {
    /// The one that settings name, or where programs of this machine keep their state.
    pub(crate) fn open(given: &str) -> Result<Self, Failure> {
        let path = Self::usual(given).ok_or_else(|| {
            Failure::new(Exit::Usage, "no home folder is known; name a data folder in the setting `data_dir`")
        })?;
        Self::make(&path, false)
    }

    /// Where it is, whether there is one or not. `None`: no home folder is known.
    pub(crate) fn usual(given: &str) -> Option<PathBuf> {
        if given.is_empty() { environment::state_directory("drover") } else { Some(PathBuf::from(given)) }
    }

    /// A new one, removed with the value.
    pub(crate) fn temporary(entropy: &Entropy) -> Result<Self, Failure> {
        let name = format!("drover-{:08x}", entropy.range(0..1 << 32));
        Self::make(&environment::temporary_directory().join(name), true)
    }

    fn make(path: &Path, temporary: bool) -> Result<Self, Failure> {
        // Others may pass through, as the database's own user has to, but see nothing.
        let made = DirBuilder::new().mode(0o711).recursive(!temporary).create(path);
        let whole = made.and_then(|()| fs::canonicalize(path)).map_err(|error| {
            Failure::new(Exit::Failed, format!("the data folder {} cannot be used: {error}", path.display()))
        })?;
        Ok(Self { path: whole, temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "the temporary folder could not be removed");
        }
    }
}
