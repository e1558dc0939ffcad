//! What tasks of other users can get at. A home that only its owner may enter hides the tools in it from them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

/// The variable that names the program itself.
const PROGRAM: &str = "DROVER";
/// What others need of a program, or of a folder with tools.
const READ_AND_EXECUTE: u32 = 0o005;
const PASS: u32 = 0o001;

/// Gives tasks a copy of the program where they cannot get at it, and tells of other things that they cannot get at.
pub(crate) fn prepare(variables: &mut BTreeMap<String, String>, work_dir: &Path) -> io::Result<()> {
    if let Some(program) = variables.get(PROGRAM).map(PathBuf::from).filter(|program| !is_open(program)) {
        let copy = copy_program(&program, work_dir)?;
        variables.insert(PROGRAM.to_owned(), copy.display().to_string());
    }
    let paths = variables.values().flat_map(|value| value.split(':')).map(Path::new);
    let closed: BTreeSet<&Path> = paths.filter(|path| path.is_absolute() && path.exists() && !is_open(path)).collect();
    if !closed.is_empty() {
        tracing::warn!(
            paths = ?closed,
            "tasks cannot read these paths of their variables, since they run as other users than the worker"
        );
    }
    Ok(())
}

/// Whether everybody may read it, and pass through every folder above it.
fn is_open(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    let allows = |path: &Path, bits| fs::metadata(path).is_ok_and(|metadata| metadata.mode() & bits == bits);
    let read = if path.is_dir() || allows(&path, 0o100) { READ_AND_EXECUTE } else { 0o004 };
    allows(&path, read) && path.ancestors().skip(1).all(|folder| allows(folder, PASS))
}

fn copy_program(program: &Path, work_dir: &Path) -> io::Result<PathBuf> {
    let folder = work_dir.join("bin");
    DirBuilder::new().mode(0o755).recursive(true).create(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    let (copy, part) = (folder.join("drover"), folder.join("drover.part"));
    let _ = fs::remove_file(&part);
    // A second name costs nothing; between file systems there is none.
    let is_own = fs::metadata(program)?.uid() == geteuid().as_raw();
    if !is_own || fs::metadata(program)?.mode() & 0o777 != 0o755 || fs::hard_link(program, &part).is_err() {
        fs::copy(program, &part)?;
        fs::set_permissions(&part, fs::Permissions::from_mode(0o755))?;
    }
    fs::rename(&part, &copy)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_a_closed_folder_is_copied_to_where_tasks_find_it() {
        let directory = tempfile::tempdir().unwrap();
        let (home, work_dir) = (directory.path().join("home"), directory.path().join("work"));
        fs::create_dir_all(&work_dir).unwrap();
        DirBuilder::new().mode(0o700).create(&home).unwrap();
        let program = home.join("drover");
        fs::write(&program, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut variables = BTreeMap::from([(PROGRAM.to_owned(), program.display().to_string())]);

        prepare(&mut variables, &work_dir).unwrap();

        let copy = PathBuf::from(&variables[PROGRAM]);
        assert_eq!(copy, work_dir.join("bin/drover"));
        assert_eq!(fs::metadata(copy).unwrap().mode() & 0o777, 0o755);
        assert!(!is_open(&program) && is_open(Path::new("/bin/sh")));
    }
}
