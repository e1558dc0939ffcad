//! The folder in which `drover dev` keeps what has to survive: for the eyes of the user who runs it only, since it holds
//! the credentials that may do everything.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use base::{Rng, environment};

use crate::exit::{CliError, Exit};

/// A folder that exists.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    temporary: bool,
}

impl DataDir {
    /// The one that settings name, or where programs of this machine keep their state.
    pub(crate) fn open(given: &str) -> Result<Self, CliError> {
        Self::make(&place(given)?, false)
    }

    /// For `drover serve`, where the folder may be a volume that belongs to somebody else and that processes share. Nothing
    /// secret is in it but what has a folder of its own.
    pub(crate) fn open_shared(given: &str) -> Result<Self, CliError> {
        let path = place(given)?;
        let made = DirBuilder::new().mode(passable()).recursive(true).create(&path);
        let whole = made.and_then(|()| fs::canonicalize(&path)).map_err(|error| unusable(&path, &error))?;
        Ok(Self { path: whole, temporary: false })
    }

    /// Where it is, whether there is one or not. `None`: no home folder is known.
    pub(crate) fn usual(given: &str) -> Option<PathBuf> {
        if given.is_empty() { environment::state_directory("drover") } else { Some(PathBuf::from(given)) }
    }

    /// A new one, removed with the value.
    pub(crate) fn temporary(rng: &Rng) -> Result<Self, CliError> {
        let name = format!("drover-{:08x}", rng.range(0..1 << 32));
        Self::make(&environment::temporary_directory().join(name), true)
    }

    fn make(path: &Path, temporary: bool) -> Result<Self, CliError> {
        let made = DirBuilder::new().mode(passable()).recursive(!temporary).create(path);
        let whole = made.and_then(|()| fs::canonicalize(path)).map_err(|error| unusable(path, &error))?;
        restrict(&whole, passable())?;
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

/// The folder that is named, or the usual one.
pub(crate) fn place(given: &str) -> Result<PathBuf, CliError> {
    DataDir::usual(given).ok_or_else(|| {
        CliError::new(Exit::Usage, "no home folder is known; name a data folder in the setting `data_dir`")
    })
}

/// Only root starts the database and tasks as other users, who have to pass through; they still see nothing.
pub(crate) fn passable() -> u32 {
    if environment::is_root() { 0o711 } else { 0o700 }
}

/// Makes a folder inside the data folder, or takes away what an existing one allows beyond `mode`.
pub(crate) fn folder(path: &Path, mode: u32) -> Result<(), CliError> {
    let created = DirBuilder::new().mode(mode).recursive(true).create(path);
    created.map_err(|error| unusable(path, &error))?;
    restrict(path, mode)
}

/// Takes away what a file or folder allows beyond `mode`. One of another user, who could give the rights back at any
/// time, is refused where it is open to others; root, who may hand folders out, only gets a warning.
pub(crate) fn restrict(path: &Path, mode: u32) -> Result<(), CliError> {
    let found = fs::metadata(path).map_err(|error| unusable(path, &error))?;
    let (rights, owner) = (found.mode() & 0o777, found.uid());
    let foreign = environment::user_id().is_some_and(|own| own != owner);
    if foreign && environment::is_root() {
        tracing::warn!(path = %path.display(), owner, "the folder belongs to another user, who can change what is in it");
    }
    if rights & !mode == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(rights & mode)).map_err(|error| {
        let words = format!(
            "{} holds secrets, is open to others (mode {rights:o}) and cannot be closed, since it belongs to the user with \
             id {owner} ({error}); `chown` it to the user who runs Drover, or name another data folder",
            path.display()
        );
        CliError::new(Exit::Failed, words)
    })?;
    tracing::info!(path = %path.display(), "was open to others (mode {rights:o}) and was closed to mode {:o}", rights & mode);
    Ok(())
}

fn unusable(path: &Path, error: &io::Error) -> CliError {
    CliError::new(Exit::Failed, format!("the data folder {} cannot be used: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_folder_that_was_open_is_closed_and_nothing_is_opened() {
        let outer = tempfile::tempdir().unwrap();
        for (before, after) in [(0o777, passable()), (0o755, passable()), (0o700, 0o700)] {
            let path = outer.path().join(format!("{before:o}"));
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(before)).unwrap();
            DataDir::open(path.to_str().unwrap()).unwrap();
            assert_eq!(mode(&path), after, "{before:o}");
        }
    }

    #[test]
    fn new_folders_are_for_their_owner() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("made/on/the/way");
        DataDir::open(data.to_str().unwrap()).unwrap();
        assert_eq!(mode(&data), passable());
        folder(&data.join("objects"), 0o700).unwrap();
        assert_eq!(mode(&data.join("objects")), 0o700);
        let temporary = DataDir::temporary(&Rng::system()).unwrap();
        assert_eq!(mode(temporary.path()), passable());
    }

    /// The kernel lets nobody change this one, not even root.
    #[test]
    fn what_cannot_be_closed_is_refused_with_the_way_out() {
        let words = restrict(Path::new("/proc/self/status"), 0o400).unwrap_err().to_string();
        assert!(words.contains("is open to others (mode 444)") && words.contains("chown"), "{words}");
    }
}
