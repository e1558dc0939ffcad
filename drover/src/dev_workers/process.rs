//! One run of a worker's process.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use protocol::certificate::Credentials;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::exit::Exit;

/// This very program, also where the file was replaced since it was started.
const PROGRAM: &str = "/proc/self/exe";

/// Everything needed to start the process, again and again.
pub(super) struct Recipe {
    pub(super) number: u32,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    /// Only ever in a pipe to the process.
    pub(super) credentials: Credentials,
}

/// A running process. It is killed when this is dropped.
pub(super) struct WorkerProcess {
    number: u32,
    child: Child,
    output: BufReader<ChildStdout>,
}

/// Why there is no process, or none that takes tasks.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("its process cannot be started: {0}")]
    Spawn(#[from] io::Error),
    #[error("its process ended with {0}")]
    Status(ExitStatus),
    #[error("its process was not ready in time")]
    NotReady,
}

impl Recipe {
    /// Must be called on a thread that lives as long as the program (see `DevWorkers`).
    pub(super) fn spawn(&self) -> Result<WorkerProcess, Ended> {
        let (credentials, mut writer) = io::pipe()?;
        let mut command = Command::new(PROGRAM);
        command.arg0("drover").args(&self.arguments).env_clear().envs(&self.environment).current_dir("/");
        // A group of its own: Ctrl-C is for us, who stop it in order.
        command.process_group(0).kill_on_drop(true);
        // What it logs stands in our own log.
        command.stdin(credentials).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn()?;
        // Far less than a pipe holds, so nobody has to read meanwhile.
        writer.write_all(serde_json::to_string(&self.credentials).map_err(io::Error::from)?.as_bytes())?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("there is no pipe to its output"))?;
        Ok(WorkerProcess { number: self.number, child, output: BufReader::new(output) })
    }
}

impl WorkerProcess {
    /// Returns once it takes tasks, which it says in its one line.
    pub(super) async fn ready(&mut self) -> Result<(), Ended> {
        let mut line = String::new();
        if self.output.read_line(&mut line).await? > 0 {
            return Ok(());
        }
        Err(self.ended().await)
    }

    pub(super) async fn ended(&mut self) -> Ended {
        self.child.wait().await.map_or_else(Ended::Spawn, Ended::Status)
    }

    /// Asks it to stop, and ends it where it does not.
    pub(super) async fn stop(mut self, deadline: Duration) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id
            && let Err(error) = kill_process(id, Signal::TERM)
        {
            tracing::warn!(worker = self.number, %error, "cannot stop worker process");
        }
        if timeout(deadline, self.child.wait()).await.is_err() {
            tracing::warn!(worker = self.number, ?deadline, "worker process did not stop in time and is killed");
            if let Err(error) = self.child.kill().await {
                tracing::error!(worker = self.number, %error, "worker process cannot be killed");
            }
        }
    }
}

impl Ended {
    /// The settings or the machine are not fit for it.
    pub(super) fn is_final(&self) -> bool {
        self.exit() == Some(Exit::Usage)
    }

    pub(super) fn exit(&self) -> Option<Exit> {
        let Self::Status(status) = self else { return None };
        (status.code() == Some(Exit::Usage.number().into())).then_some(Exit::Usage)
    }
}
