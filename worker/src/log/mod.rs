//! The log of one run: one file, to which only the worker writes. Its own lines have the prefixes of Taskcluster's workers.

mod live;
mod output;

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::Clock;
use protocol::time;

pub(crate) use self::{
    live::{LiveLog, LiveLogs},
    output::TaskOutput,
};

/// Cheap to clone; all clones write to the end of one file.
#[derive(Clone)]
pub(crate) struct TaskLog {
    path: PathBuf,
    file: Arc<File>,
    clock: Arc<dyn Clock>,
}

impl TaskLog {
    pub(crate) fn create(path: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let file = OpenOptions::new().create_new(true).read(true).append(true).mode(0o600).open(path)?;
        Ok(Self { path: path.to_owned(), file: Arc::new(file), clock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A line of the worker's own.
    pub(crate) fn write_line(&self, text: impl AsRef<str>) {
        self.write(&format!("taskcluster {}", time::format(self.clock.now())), text.as_ref());
    }

    /// Something that the task is to learn of, and that it may go on with.
    pub(crate) fn write_warning(&self, text: impl AsRef<str>) {
        self.write(&format!("taskcluster:warn {}", time::format(self.clock.now())), text.as_ref());
    }

    /// Why the run is not green. Programs that read logs look for this prefix, which has no time.
    pub(crate) fn write_error(&self, text: impl AsRef<str>) {
        self.write("taskcluster:error", text.as_ref());
    }

    /// What cannot be written is lost: a full disk must not stop the report of a task.
    fn write(&self, prefix: &str, text: &str) {
        let lines: Vec<_> = text.lines().map(|line| format!("[{prefix}] {line}\n")).collect();
        let lines = lines.concat();
        if let Err(error) = (&*self.file).write_all(lines.as_bytes()) {
            tracing::warn!(%error, log.path = %self.path.display(), "a line of a task's log was lost");
        }
    }

    /// The file itself, to be read at any place: what its name leads to may be another one.
    pub(crate) fn content(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}
