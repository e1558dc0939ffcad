//! Starting programs, each as a session of its own.

use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Command, Stdio},
};

use rustix::{
    process::{Pid, ioctl_tiocsctty, setsid},
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
};

use super::{privileges::become_user, users::Identity};
use crate::message::Execution;

const HOME: &str = "HOME";

/// What a program has been started with.
pub(super) struct Started {
    pub(super) pid: Pid,
    /// The controlling side of its terminal.
    pub(super) terminal: Option<OwnedFd>,
}

/// As this user of a container, if given; else as this process itself.
pub(super) fn start(
    execution: &Execution,
    descriptors: Vec<OwnedFd>,
    identity: Option<&Identity>,
) -> io::Result<Started> {
    if execution.is_session {
        let (terminal, program_side) = terminal()?;
        let stdio = [program_side.try_clone()?, program_side.try_clone()?, program_side];
        return Ok(Started { pid: spawn(execution, stdio, identity)?, terminal: Some(terminal) });
    }
    let stdio = <[OwnedFd; 3]>::try_from(descriptors).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(Started { pid: spawn(execution, stdio, identity)?, terminal: None })
}

/// Of the sandbox's own terminals, so that its name is known in it.
fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let controlling = openpt(flags)?;
    grantpt(&controlling)?;
    unlockpt(&controlling)?;
    let program_side = ioctl_tiocgptpeer(&controlling, flags)?;
    Ok((controlling, program_side))
}

#[expect(unsafe_code, reason = "a new session has to be made between fork and exec")]
fn spawn(execution: &Execution, [input, output, error]: [OwnedFd; 3], identity: Option<&Identity>) -> io::Result<Pid> {
    let (program, arguments) = execution.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&execution.env).current_dir(&execution.directory);
    command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::from(error));
    let is_session = execution.is_session;
    if let Some(identity) = identity.filter(|_| !execution.env.contains_key(HOME)) {
        command.env(HOME, &identity.home);
    }
    let user = identity.cloned();
    let prepare = move || {
        setsid()?;
        if is_session {
            ioctl_tiocsctty(io::stdin().as_fd())?;
        }
        if let Some(Identity { uid, gid, groups, .. }) = &user {
            become_user(*uid, *gid, groups)?;
        }
        Ok(())
    };
    // SAFETY: the closure makes a few system calls with numbers that are there already, in a process that has had one thread only.
    unsafe { command.pre_exec(prepare) };
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
