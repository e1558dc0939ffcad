//! The process of a machine.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

/// What is started for each machine.
#[derive(Clone, Debug)]
pub struct WorkerProgram {
    pub program: PathBuf,
    /// The directory of the machine follows them.
    pub arguments: Vec<String>,
    /// Nothing else of our own environment reaches it.
    pub environment: BTreeMap<String, String>,
}

impl WorkerProgram {
    /// It outlives this process, and its input is the lock, which it holds as long as it lives. Its process id.
    pub(super) fn start(&self, directory: &Path, lock: File) -> io::Result<u32> {
        let log = File::options().create(true).append(true).open(directory.join("worker.log"))?;
        let mut command = Command::new(&self.program);
        command.arg0("drover").args(&self.arguments).arg(directory);
        command.env_clear().envs(&self.environment).current_dir("/").process_group(0).kill_on_drop(false);
        command.stdin(Stdio::from(lock)).stdout(Stdio::from(log.try_clone()?)).stderr(Stdio::from(log));
        // Dropped while it runs, it is reaped by tokio when it ends.
        let child = command.spawn()?;
        child.id().ok_or_else(|| io::Error::other("the process ended at once"))
    }
}
