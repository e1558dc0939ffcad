//! The process's environment variables. Nobody outside this crate reads them.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The variable's text; an empty one counts as missing.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// Every variable that is text.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
}

/// The name of every variable that has a text for one.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn names() -> impl Iterator<Item = String> {
    env::vars_os().filter_map(|(name, _)| name.into_string().ok())
}

/// Where a program called `name` keeps what must survive: `/var/lib` for root, else the user's state folder.
/// `None`: there is no home.
pub fn state_directory(name: &str) -> Option<PathBuf> {
    if is_root() {
        return Some(Path::new("/var/lib").join(name));
    }
    let named = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = named.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/state")))?;
    Some(state.join(name))
}

/// Whether this process may do everything on this machine.
pub fn is_root() -> bool {
    user_id() == Some(0)
}

/// The user this process acts as; `None` where `/proc` is missing.
pub fn user_id() -> Option<u32> {
    fs::metadata("/proc/self").ok().map(|own| own.uid())
}

/// Where short-lived files go.
pub fn temporary_directory() -> PathBuf {
    env::temp_dir()
}
