//! A real `drover` process, started as anybody else's test suite would start it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command as BlockingCommand, Stdio},
    sync::OnceLock,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{Client, processes::signal};

/// First start with `initdb` on a busy machine.
const START_LIMIT: Duration = Duration::from_mins(1);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running `drover dev`. It is killed when this is dropped.
#[derive(Debug)]
pub struct Drover {
    child: Child,
    #[expect(dead_code, reason = "kept open: a server must not fail because nobody reads what it prints")]
    output: BufReader<ChildStdout>,
    root_url: String,
    client_id: String,
    access_token: String,
}

impl Drover {
    /// Starts it with everything it knows below `folder`, where it finds it again at the next start.
    pub async fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::start_at(folder, "127.0.0.1:0", flags).await
    }

    /// The same with further variables in its environment.
    pub async fn start_with(folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::run(binary(), folder, "127.0.0.1:0", flags, variables).await
    }

    /// The same on this address.
    pub async fn start_at(folder: &Path, listen: &str, flags: &[&str]) -> Self {
        Self::run(binary(), folder, listen, flags, &[]).await
    }

    /// The same, of another program that is made of the same library.
    pub async fn start_program(program: &Path, folder: &Path, flags: &[&str]) -> Self {
        Self::run(program, folder, "127.0.0.1:0", flags, &[]).await
    }

    async fn run(program: &Path, folder: &Path, listen: &str, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        // For the HTTP clients of those who ask it; an error says that it was done before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = folder.join("data");
        let data = data.to_str().unwrap();
        let flags = [&["dev", "-o", "json", "--listen", listen, "--data-dir", data], flags].concat();
        let log = &folder.join("drover.log");
        let log_file = File::options().create(true).append(true).open(log).unwrap();
        let mut child = Command::new(program)
            .args(flags)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = timeout(START_LIMIT, output.read_line(&mut line)).await;
        assert!(matches!(read, Ok(Ok(1..))), "drover did not start; its log ends with:\n{}", tail(log));
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in `{line}`"));
        let field = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("no {name} in `{line}`")).to_owned();
        let (root_url, client_id, access_token) = (field("rootUrl"), field("clientId"), field("accessToken"));
        Self { child, output, root_url, client_id, access_token }
    }

    /// A client with the root credentials.
    pub fn client(&self) -> Client {
        Client::new(&self.root_url, &self.client_id, &self.access_token)
    }

    /// The id and the access token of the root client.
    pub fn credentials(&self) -> (&str, &str) {
        (&self.client_id, &self.access_token)
    }

    /// Where commands find it.
    pub fn variables(&self) -> [(&str, &str); 3] {
        [
            ("TASKCLUSTER_ROOT_URL", &self.root_url),
            ("TASKCLUSTER_CLIENT_ID", &self.client_id),
            ("TASKCLUSTER_ACCESS_TOKEN", &self.access_token),
        ]
    }

    pub fn root_url(&self) -> &str {
        &self.root_url
    }

    pub fn process_id(&self) -> u32 {
        self.child.id().expect("drover has ended by itself")
    }

    /// What a power cut does to the process: nothing of it runs any more.
    pub async fn kill(mut self) {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap();
    }

    /// Asks it to stop, which it does in time and without complaint.
    pub async fn stop(mut self) {
        signal("TERM", &[self.process_id()]);
        let ended = timeout(STOP_LIMIT, self.child.wait()).await;
        let status = ended.expect("drover did not stop within 10 s of SIGTERM").unwrap();
        assert!(status.success(), "drover ended with {status} on SIGTERM");
    }
}

/// The program, to be run as a command that ends by itself.
pub fn program() -> Command {
    let mut command = Command::new(binary());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// The program under test: the one `DROVER_TEST_BIN` names, or the one that cargo builds now.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("DROVER_TEST_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    // From the root, so that cargo makes the same program as for everybody else.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = BlockingCommand::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--bin", "drover", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "drover does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let programs = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let path = programs.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    path.expect("cargo built no program")
}
