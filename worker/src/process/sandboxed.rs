//! Running one command in the sandbox of its run.

use std::{fs::File, io, os::fd::AsFd, time::Duration};

use rustix::process::Signal;
use sandbox::{Execution, Running};

use super::{CommandEnd, CommandSpec};
use crate::isolation::Sandboxed;

/// Runs a command to its end, or until `interrupt` gives a reason to end it. What it leaves is ended by the sandbox.
pub(super) async fn run<R>(
    order: &CommandSpec<'_>,
    sandboxed: &Sandboxed,
    interrupt: impl Future<Output = R>,
) -> io::Result<CommandEnd<R>> {
    let execution = Execution {
        command: order.command.to_vec(),
        env: order.env.clone(),
        directory: order.directory.to_owned(),
        is_session: false,
    };
    let (input, output) = (File::open("/dev/null")?, order.output.writer());
    let mut running = sandboxed.sandbox.execute(&execution, [input.as_fd(), output, output]).await?;
    let end = tokio::select! {
        end = running.wait() => end,
        reason = interrupt => {
            stop(&mut running, order.grace).await;
            return Ok(CommandEnd::Interrupted(reason));
        }
    };
    let Ok(end) = end else {
        // The whole sandbox was killed, as the kernel does when there is no memory left.
        return Ok(CommandEnd::Signal(Signal::KILL.as_raw()));
    };
    sandboxed.note_left(end.left);
    Ok(end.signal.map_or(CommandEnd::Code(end.code.unwrap_or(-1)), CommandEnd::Signal))
}

/// SIGTERM, and after the grace SIGKILL. A sandbox that has ended needs neither.
async fn stop(running: &mut Running, grace: Duration) {
    let _ = running.signal(Signal::TERM).await;
    if tokio::time::timeout(grace, running.wait()).await.is_err() {
        let _ = running.signal(Signal::KILL).await;
        let _ = running.wait().await;
    }
}
