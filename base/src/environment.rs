//! The process's environment variables. No other crate reads them.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The value of a variable; an empty one counts as missing.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// Every variable that is valid UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

/// The name of every variable whose name is valid UTF-8.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn names() -> impl Iterator<Item = String> {
    env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// The directory for persistent state of a program: `/var/lib` for root, else the user's state directory.
/// `None`: there is no home directory.
pub fn state_directory(name: &str) -> Option<PathBuf> {
    if is_root() {
        return Some(Path::new("/var/lib").join(name));
    }
    let named = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = named.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")))?;
    Some(state.join(name))
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    user_id() == Some(0)
}

/// The effective user id; `None` where `/proc` is missing.
pub fn user_id() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|own| own.uid())
}

pub fn temporary_directory() -> PathBuf {
    env::temp_dir()
}
