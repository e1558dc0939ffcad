//! Which parts of the machine a task in a sandbox sees, besides the system's own programs and its own directory.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// A sandbox has these anyway, or one of its own in their place.
const PROVIDED: [&str; 11] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/sys", "/dev", "/etc"];
/// Variables whose paths a task needs as they are. In a container they lead nowhere.
pub(crate) const OF_THE_MACHINE: [&str; 3] = ["PATH", "RUSTUP_HOME", "DROVER"];
/// The permission bit of everybody else to read.
const OTHERS_READ: u32 = 0o004;
/// A folder that a task writes to, and that may hold the tokens of its owner.
const WRITTEN: &str = "CARGO_HOME";

/// The given paths and those of the variables, as far as they exist.
pub(super) fn read_only(given: &[PathBuf], variables: &BTreeMap<String, String>) -> Vec<PathBuf> {
    let named = OF_THE_MACHINE.iter().filter_map(|name| variables.get(*name)).flat_map(|value| value.split(':'));
    let all = given.iter().cloned().chain(named.map(PathBuf::from));
    let mut paths: Vec<PathBuf> = all.filter(|path| is_separate(path) && path.exists()).collect();
    // A directory comes before what is in it, and that is then seen already.
    paths.sort();
    paths.dedup_by(|path, before| path.starts_with(before));
    paths
}

/// Those of the paths that nobody but their owner and its group may read: users of tasks are neither.
pub(super) fn closed(paths: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    let is_closed = |path: &&PathBuf| fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS_READ == 0);
    paths.iter().filter(is_closed)
}

/// Takes away the variable that leads to where the task would only meet errors.
pub(crate) fn clean(variables: &mut BTreeMap<String, String>) {
    variables.remove(WRITTEN);
}

fn is_separate(path: &Path) -> bool {
    path.is_absolute() && path != Path::new("/") && !PROVIDED.iter().any(|provided| path.starts_with(provided))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_tools_are_seen_once_and_the_system_is_not_seen_twice() {
        let directory = tempfile::tempdir().unwrap();
        let tools = directory.path().join("tools");
        fs::create_dir_all(tools.join("bin")).unwrap();
        let path = format!("{}:/usr/bin:/nowhere:.:{}", tools.join("bin").display(), tools.display());
        let variables = BTreeMap::from([("PATH".to_owned(), path), ("OTHER".to_owned(), "/etc".to_owned())]);
        assert_eq!(read_only(&[PathBuf::from("/"), tools.clone()], &variables), [tools]);
    }
}
