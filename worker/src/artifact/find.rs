//! Which files an order of the payload means.

use std::{fs::File, io, path::Path};

use crate::{
    files::{Directory, Entry, FileError, IS_DIRECTORY},
    payload::{ArtifactKind, ArtifactSpec},
};

/// A file and the name under which it is to be kept.
#[derive(Debug)]
pub(crate) struct Found {
    entry: Entry,
    pub(crate) name: String,
}

/// Why an ordered artifact is not there. The reason is a word of the queue's API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MissingArtifact {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// The file, or every file below the directory, in order of their names.
pub(crate) fn find(task: &Directory, order: &ArtifactSpec) -> Result<Vec<Found>, MissingArtifact> {
    let name = order.name().trim_end_matches('/');
    let path = Path::new(&order.path);
    match order.kind {
        ArtifactKind::File => {
            let entry = Entry { path: path.to_owned(), is_link: false };
            Ok(vec![Found { entry, name: name.to_owned() }])
        }
        ArtifactKind::Directory => {
            let entries = task.entries(path).map_err(|refused| missing(path, &refused))?;
            let found = entries.into_iter().map(|entry| {
                let below = entry.path.strip_prefix(path).unwrap_or(&entry.path);
                Found { name: format!("{name}/{}", below.display()), entry }
            });
            Ok(found.collect())
        }
    }
}

impl Found {
    /// Opens it. A link below a directory that leads to another directory, or nowhere, is no artifact.
    pub(crate) fn open(&self, task: &Directory) -> Result<Option<File>, MissingArtifact> {
        match task.file(&self.entry.path) {
            Ok(file) => Ok(Some(file)),
            Err(FileError::Invalid(IS_DIRECTORY)) if self.entry.is_link => Ok(None),
            Err(FileError::Io(error)) if self.entry.is_link && error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(refused) => Err(missing(&self.entry.path, &refused)),
        }
    }
}

fn missing(path: &Path, refused: &FileError) -> MissingArtifact {
    let path = path.display();
    let error = match refused {
        FileError::Invalid(what) => {
            return MissingArtifact { reason: "invalid-resource-on-worker", message: format!("`{path}` {what}") };
        }
        FileError::Io(error) => error,
    };
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "file-missing-on-worker",
        _ => "file-not-readable-on-worker",
    };
    MissingArtifact { reason, message: format!("`{path}` could not be read on the worker: {error}") }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::payload::ContentEncoding;

    struct Fixture(tempfile::TempDir);

    impl Fixture {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            fs::create_dir_all(directory.path().join("task/out/deep")).unwrap();
            fs::write(directory.path().join("secret"), "secret").unwrap();
            fs::write(directory.path().join("task/out/b"), "b").unwrap();
            fs::write(directory.path().join("task/out/deep/a"), "a").unwrap();
            Self(directory)
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.0.path().join("task").join(name)
        }

        /// The names that would be stored, and the reasons of those that would not.
        fn stored(&self, kind: ArtifactKind, path: &str) -> Result<Vec<String>, MissingArtifact> {
            let task = Directory::open(&self.0.path().join("task"), None).unwrap();
            let name = Some("public/kept".to_owned());
            let order = ArtifactSpec {
                kind,
                path: path.to_owned(),
                name,
                expires: None,
                content_type: None,
                content_encoding: ContentEncoding::default(),
                optional: false,
            };
            let mut lines = Vec::new();
            for found in find(&task, &order)? {
                if found.open(&task)?.is_some() {
                    lines.push(found.name);
                }
            }
            Ok(lines)
        }

        fn reason(&self, kind: ArtifactKind, path: &str) -> &'static str {
            self.stored(kind, path).unwrap_err().reason
        }
    }

    #[test]
    fn a_directory_gives_every_file_below_it() {
        let names = Fixture::new().stored(ArtifactKind::Directory, "out").unwrap();
        assert_eq!(names, ["public/kept/b", "public/kept/deep/a"]);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_told_apart() {
        let fixture = Fixture::new();
        assert_eq!(fixture.reason(ArtifactKind::File, "nothing"), "file-missing-on-worker");
        assert_eq!(fixture.reason(ArtifactKind::File, "."), "invalid-resource-on-worker");
        assert_eq!(fixture.reason(ArtifactKind::Directory, "out/b"), "invalid-resource-on-worker");
    }

    #[test]
    fn links_are_followed_inside_and_refused_where_they_lead_out() {
        let fixture = Fixture::new();
        symlink("out/b", fixture.path("inside")).unwrap();
        symlink("../deep", fixture.path("out/deep/circle")).unwrap();
        symlink("nothing", fixture.path("out/dangling")).unwrap();
        assert_eq!(fixture.stored(ArtifactKind::File, "inside").unwrap().len(), 1);
        assert_eq!(fixture.stored(ArtifactKind::Directory, "out").unwrap().len(), 2);

        for (number, target) in
            ["../secret", "/etc/passwd", "/proc/self/environ", "out/../../secret"].iter().enumerate()
        {
            let name = format!("link-{number}");
            symlink(target, fixture.path(&name)).unwrap();
            assert_eq!(fixture.reason(ArtifactKind::File, &name), "invalid-resource-on-worker", "{target}");
        }
        symlink("..", fixture.path("up")).unwrap();
        assert_eq!(fixture.reason(ArtifactKind::File, "up/secret"), "invalid-resource-on-worker");
        assert_eq!(fixture.reason(ArtifactKind::Directory, "up"), "invalid-resource-on-worker");
        symlink("../../secret", fixture.path("out/out")).unwrap();
        assert_eq!(fixture.reason(ArtifactKind::Directory, "out"), "invalid-resource-on-worker");
    }

    #[test]
    fn a_pipe_is_no_file_and_is_not_waited_for() {
        let fixture = Fixture::new();
        let made = std::process::Command::new("mkfifo").arg(fixture.path("pipe")).status().unwrap();
        assert!(made.success());
        assert_eq!(fixture.reason(ArtifactKind::File, "pipe"), "invalid-resource-on-worker");
    }

    /// The kernel decides while the path is walked: there is no moment in which a changed link is followed.
    #[test]
    fn a_link_that_is_swapped_all_the_time_never_leads_out() {
        let fixture = Fixture::new();
        let task = Directory::open(&fixture.path(""), None).unwrap();
        let (name, other) = (fixture.path("file"), fixture.path("other"));
        fs::write(&name, "b").unwrap();
        symlink("../secret", &other).unwrap();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    rustix::fs::renameat_with(rustix::fs::CWD, &name, rustix::fs::CWD, &other, flags).unwrap();
                }
            });
            for _ in 0..10_000 {
                if let Ok(file) = task.file(Path::new("file")) {
                    assert_eq!(io::read_to_string(file).unwrap(), "b");
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
