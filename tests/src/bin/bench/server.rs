//! One Drover, with a database in a temporary folder and no workers.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use ::tests::{TestDirectory, signal};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{
    client::Credentials,
    database::Database,
    env::TestEnv,
    error::{BenchError, During, Result},
};

const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(20);
const FLAGS: &[&str] = &["dev", "--ephemeral", "--workers", "0", "-o", "json", "--listen", "127.0.0.1:0"];

/// A running server. Ends with the value, at the latest.
pub(crate) struct Server {
    child: Child,
    /// Held open, lest the server writes into a closed pipe.
    _output: BufReader<ChildStdout>,
    _directory: TestDirectory,
    pub(crate) process: u32,
    /// From the start of the program to its word that it is ready.
    pub(crate) started_in: Duration,
    pub(crate) env: TestEnv,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    root_url: String,
    client_id: String,
    access_token: String,
}

impl Server {
    pub(crate) async fn start(program: &Path, amqp_url: Option<&str>) -> Result<Self> {
        Self::start_with(program, amqp_url, &[]).await
    }

    /// With further flags.
    pub(crate) async fn start_with(program: &Path, amqp_url: Option<&str>, more: &[&str]) -> Result<Self> {
        let directory = TestDirectory::new();
        let log = directory.path().join("drover.log");
        let begun = Instant::now();
        let mut child = launch(program, amqp_url, more, &log)?;
        let process = child.id().during("Drover ended at once")?;
        let mut output = BufReader::new(child.stdout.take().during("Drover has no output")?);
        let ready = ready(&mut output).await;
        let ready =
            ready.map_err(|failure| BenchError::new(format!("{failure}; its log ends with:\n{}", tail(&log))))?;
        let started_in = begun.elapsed();
        let root = Credentials::lasting(ready.client_id, ready.access_token);
        let env = TestEnv::new(&ready.root_url, root, vec![process], Database::of(process)?)?;
        Ok(Self { child, _output: output, _directory: directory, process, started_in, env })
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        signal("TERM", &[self.process]);
        let ended = timeout(STOP_LIMIT, self.child.wait()).await;
        let status = ended.during("Drover does not stop")?.during("waiting for Drover")?;
        if status.success() { Ok(()) } else { Err(BenchError::new(format!("Drover ended with {status}"))) }
    }
}

fn launch(program: &Path, amqp_url: Option<&str>, more: &[&str], log: &Path) -> Result<Child> {
    let log = File::create(log).during("the log file")?;
    let mut command = Command::new(program);
    if let Some(url) = amqp_url {
        command.env("DROVER__BUS__AMQP_URL", url);
    }
    command.args(FLAGS).args(more).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
    command.spawn().during(&format!("{} does not start", program.display()))
}

async fn ready(output: &mut BufReader<ChildStdout>) -> Result<Ready> {
    let mut line = String::new();
    let read = timeout(START_LIMIT, output.read_line(&mut line)).await;
    read.during("Drover did not start within a minute")?.during("reading what Drover says")?;
    serde_json::from_str(&line).during("Drover did not say that it is ready")
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
