//! `drover task shell`: a shell in a running task, at this terminal.

use std::{
    io::{self, Read, Write},
    os::fd::AsFd,
    time::Duration,
};

use clap::Args;
use protocol::id::TaskId;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use serde::Deserialize;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
};
use worker::{
    client::ClientError,
    shell::{self, ShellError, ShellInput, ShellOutput},
};

use crate::{
    client::Server,
    exit::{CliError, Exit, with_causes},
    one_task::One,
    system_context::SystemContext,
};

/// How often a task that has no shell yet is asked about.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Read at a time; the terminal itself gives a line.
const PIECE: usize = 4096;
/// Pieces that are on their way.
const MAX_PIECES: usize = 16;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover task shell $TASK_ID
  echo 'ps aux' | drover task shell $TASK_ID

The task needs `features.interactive` in its payload, and the client `queue:get-artifact:private/generic-worker/shell.html`. The
shell runs in the sandbox of the task, as its user, and ends with it. Several may be open at the same time.")]
pub(crate) struct ShellArgs {
    #[command(flatten)]
    one: One,
    /// Fail at once where there is no shell yet.
    #[arg(long)]
    no_wait: bool,
}

pub(crate) async fn run(args: ShellArgs, system: &SystemContext) -> Result<Exit, CliError> {
    let (server, task_id) = args.one.connect(system).await?;
    let link = link(&server, task_id, !args.no_wait).await?;
    let socket = shell::socket_url(&link).ok_or_else(|| {
        CliError::new(Exit::Refused, format!("the shell of task {task_id} is of a kind that is not known here: {link}"))
    })?;
    let (mut input, output) = shell::connect(&socket).await?;
    let resized = signal(SignalKind::window_change()).map_err(failed)?;
    let typed = read_input().map_err(failed)?;
    let raw = RawTerminal::enter();
    if raw.is_some() {
        send_size(&mut input).await?;
    }
    let ended = tokio::select! {
        ended = show(output) => ended,
        broke = send(input, typed, resized) => Err(broke),
    };
    drop(raw);
    let end = ended?;
    match end.as_str() {
        "exit code 0" => Ok(Exit::Ok),
        "" => Err(CliError::new(Exit::Failed, "the shell ended without a word of the worker")),
        words => Err(CliError::new(Exit::Failed, format!("the shell ended: {words}"))),
    }
}

/// What the artifact of the shell points to.
async fn link(server: &Server, task_id: TaskId, waits: bool) -> Result<String, CliError> {
    #[derive(Deserialize)]
    struct Content {
        url: Option<String>,
    }
    let path = format!("queue/v1/task/{task_id}/artifact-content/{}", shell::ARTIFACT.replace('/', "%2F"));
    let mut is_waiting = false;
    loop {
        match server.0.get::<Content>(&path).await {
            Ok(Content { url: Some(url) }) => return Ok(url),
            Ok(Content { url: None }) => return Err(CliError::new(Exit::Refused, "the task has no shell")),
            Err(error) if !error.is_not_found() || !waits => return Err(error.into()),
            Err(_) => {}
        }
        let state = match server.status(task_id).await {
            // A client that may open shells may lack the scope to read the status: then it cannot wait.
            Err(error @ ClientError::Refused { .. }) => return Err(error.into()),
            status => status?.state,
        };
        if state.is_resolved() {
            return Err(CliError::new(Exit::Refused, format!("task {task_id} is over ({state}), and has no shell")));
        }
        if !std::mem::replace(&mut is_waiting, true) {
            eprintln!(
                "drover: task {task_id} is {state}; waiting for its shell, which it has if its payload has `features.interactive`"
            );
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Returns what the worker says of the end.
async fn show(mut output: ShellOutput) -> Result<String, CliError> {
    loop {
        match output.next().await? {
            Err(end) => return Ok(end),
            Ok(bytes) => {
                let mut out = io::stdout().lock();
                if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
                    return Ok("nobody reads its output".to_owned());
                }
            }
        }
    }
}

/// Goes on until the connection breaks: the shell may still write when there is no more input.
async fn send(mut input: ShellInput, mut typed: mpsc::Receiver<Vec<u8>>, mut resized: Signal) -> CliError {
    loop {
        let sent = tokio::select! {
            Some(bytes) = typed.recv() => input.send(&bytes).await,
            Some(()) = resized.recv() => send_size(&mut input).await,
        };
        if let Err(error) = sent {
            return error.into();
        }
    }
}

async fn send_size(input: &mut ShellInput) -> Result<(), ShellError> {
    match tcgetwinsize(io::stdin()) {
        Ok(size) => input.resize(size.ws_row, size.ws_col).await,
        Err(_) => Ok(()),
    }
}

/// In a thread that nobody waits for: a read from a terminal cannot be given up. At its end the shell is sent the sign for the
/// end of a file.
fn read_input() -> io::Result<mpsc::Receiver<Vec<u8>>> {
    const END_OF_FILE: u8 = 4;
    let (sender, typed) = mpsc::channel(MAX_PIECES);
    std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        let mut piece = [0; PIECE];
        while let Ok(length @ 1..) = io::stdin().lock().read(&mut piece) {
            if sender.blocking_send(piece[..length].to_vec()).is_err() {
                return;
            }
        }
        let _ = sender.blocking_send(vec![END_OF_FILE]);
    })?;
    Ok(typed)
}

/// Hands every key on as it is; the shell's own terminal gives them meaning. As before when dropped.
struct RawTerminal(Termios);

impl RawTerminal {
    /// `None`: the input is no terminal.
    fn enter() -> Option<Self> {
        let stdin = io::stdin();
        let before = tcgetattr(stdin.as_fd()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        // What was typed before stays.
        tcsetattr(stdin.as_fd(), OptionalActions::Now, &raw).ok()?;
        Some(Self(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin().as_fd(), OptionalActions::Drain, &self.0);
    }
}

fn failed(error: io::Error) -> CliError {
    CliError::new(Exit::Failed, error)
}

impl From<ShellError> for CliError {
    fn from(error: ShellError) -> Self {
        let exit = match error {
            ShellError::Denied | ShellError::Refused(..) => Exit::Refused,
            _ => Exit::Unreachable,
        };
        Self::new(exit, with_causes(&error))
    }
}
