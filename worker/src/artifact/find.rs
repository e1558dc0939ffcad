//! Which files an order of the payload means.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::payload::{ArtifactKind, ArtifactOrder};

/// A file and the name under which it is to be kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
}

/// Why an ordered artifact is not there. The reason is a word of the queue's API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Absent {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// The file, or every file below the directory, in order of their names.
pub(crate) fn find(task_directory: &Path, order: &ArtifactOrder) -> Result<Vec<Found>, Absent> {
    let path = task_directory.join(&order.path);
    let metadata = fs::metadata(&path).map_err(|error| absent(order, &error))?;
    let name = order.name().trim_end_matches('/');
    match order.kind {
        ArtifactKind::File if metadata.is_file() => Ok(vec![Found { path, name: name.to_owned() }]),
        ArtifactKind::Directory if metadata.is_dir() => {
            let mut found = Vec::new();
            collect(&path, name, &mut found).map_err(|error| absent(order, &error))?;
            Ok(found)
        }
        ArtifactKind::File => Err(invalid(order, "is not a regular file")),
        ArtifactKind::Directory => Err(invalid(order, "is not a directory")),
    }
}

/// Links to directories are not entered: they may lead in a circle.
fn collect(directory: &Path, name: &str, found: &mut Vec<Found>) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if entry.file_type()?.is_dir() {
            collect(&path, &name, found)?;
        } else if fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
            found.push(Found { path, name });
        }
    }
    Ok(())
}

fn absent(order: &ArtifactOrder, error: &io::Error) -> Absent {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "file-missing-on-worker",
        _ => "file-not-readable-on-worker",
    };
    Absent { reason, message: format!("`{}` could not be read on the worker: {error}", order.path) }
}

fn invalid(order: &ArtifactOrder, what: &str) -> Absent {
    Absent { reason: "invalid-resource-on-worker", message: format!("`{}` {what}", order.path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(kind: ArtifactKind, path: &str) -> ArtifactOrder {
        let name = Some("public/kept".to_owned());
        ArtifactOrder { kind, path: path.to_owned(), name, expires: None, content_type: None, optional: false }
    }

    #[test]
    fn a_directory_gives_every_file_below_it() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("out/deep")).unwrap();
        for file in ["out/b", "out/deep/a"] {
            fs::write(directory.path().join(file), file).unwrap();
        }

        let found = find(directory.path(), &order(ArtifactKind::Directory, "out")).unwrap();

        let names: Vec<_> = found.into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["public/kept/b", "public/kept/deep/a"]);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let reason = |kind, path| find(directory.path(), &order(kind, path)).unwrap_err().reason;
        assert_eq!(reason(ArtifactKind::File, "nothing"), "file-missing-on-worker");
        assert_eq!(reason(ArtifactKind::File, "."), "invalid-resource-on-worker");
    }
}
