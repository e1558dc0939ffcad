//! Running one command of a task as a session of its own, and making sure that nothing of its group stays behind.

mod sandboxed;
mod signal;

use std::{
    collections::BTreeMap,
    io,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tokio::process::Child;

use crate::{isolation::Confinement, log::TaskOutput};

/// How often the end of a group is looked for while it is being ended.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What to run, and in what surroundings.
pub(crate) struct CommandSpec<'a> {
    pub(crate) command: &'a [String],
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) directory: &'a Path,
    pub(crate) output: &'a TaskOutput,
    pub(crate) confinement: &'a Confinement,
    pub(crate) grace: Duration,
}

/// How a command came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CommandEnd<R> {
    Code(i32),
    Signal(i32),
    /// Told to end, for this reason.
    Interrupted(R),
}

/// Runs a command to its end, or until `interrupt` gives a reason to end it. Either way its whole group is gone after.
pub(crate) async fn run<R>(order: &CommandSpec<'_>, interrupt: impl Future<Output = R>) -> io::Result<CommandEnd<R>> {
    if let Some(sandbox) = order.confinement.sandbox() {
        return sandboxed::run(order, sandbox, interrupt).await;
    }
    let mut child = spawn(order)?;
    let group = child.id();
    let status = tokio::select! {
        status = child.wait() => status?,
        reason = interrupt => {
            end(&mut child, group, order.grace).await?;
            return Ok(CommandEnd::Interrupted(reason));
        }
    };
    signal::kill_group(group);
    let by_signal = status.signal().map_or(CommandEnd::Code(-1), CommandEnd::Signal);
    Ok(status.code().map_or(by_signal, CommandEnd::Code))
}

fn spawn(order: &CommandSpec<'_>) -> io::Result<Child> {
    let (program, arguments) = order.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(order.env).current_dir(order.directory);
    command.stdin(Stdio::null()).stdout(order.output.for_process()?).stderr(order.output.for_process()?);
    order.confinement.apply(&mut command)?;
    tokio::process::Command::from(command).kill_on_drop(true).spawn()
}

/// SIGTERM, and after the grace SIGKILL.
async fn end(child: &mut Child, group: Option<u32>, grace: Duration) -> io::Result<()> {
    signal::terminate_group(group);
    let gone = async {
        child.wait().await?;
        while signal::group_lives(group) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(grace, gone).await;
    signal::kill_group(group);
    child.wait().await.map(drop)
}

#[cfg(test)]
mod tests;
