//! The folder in which `drover dev` keeps what has to survive.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use base::{Entropy, environment};

use crate::{
    exit::{Exit, Failure},
    settings::DroverSettings,
};

/// A folder that exists; a temporary one is removed with the value.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    temporary: bool,
}

impl DataDir {
    pub(crate) fn open(settings: &DroverSettings, entropy: &Entropy) -> Result<Self, Failure> {
        let temporary = settings.dev.ephemeral;
        let path = match settings.data_dir.as_str() {
            _ if temporary => {
                environment::temporary_directory().join(format!("drover-{:08x}", entropy.range(0..1 << 32)))
            }
            "" => environment::state_directory("drover").ok_or_else(|| {
                Failure::new(Exit::Usage, "no home folder is known; name a data folder with --data-dir")
            })?,
            given => PathBuf::from(given),
        };
        make(&path, temporary).map_err(|error| {
            Failure::new(Exit::Failed, format!("the data folder {} cannot be used: {error}", path.display()))
        })?;
        Ok(Self { path: fs::canonicalize(&path).unwrap_or(path), temporary })
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

/// Others may pass through, as the database's own user has to, but see nothing.
fn make(path: &Path, fresh: bool) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.mode(0o711).recursive(!fresh);
    builder.create(path)
}
