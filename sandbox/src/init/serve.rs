//! The first process at work: starts programs, waits for them, and ends what they leave.

use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, kill_process_group, wait},
};

use super::{programs, users::Identity};
use crate::{
    channel,
    message::{End, Execution, Report, Request},
    sys,
};

/// How often the processes of a session are looked for while they are ended.
const ROUNDS: usize = 10;

struct Program {
    id: u64,
    is_session: bool,
}

struct Server<'a> {
    control: &'a OwnedFd,
    /// Those that run, by their process id, which is also that of their session and process group.
    programs: HashMap<Pid, Program>,
    /// Whom they run as, where it is not this process's own user.
    identity: Option<Identity>,
}

/// Returns when the other half is gone. The kernel then ends all processes of the namespace.
pub(super) fn serve(control: &OwnedFd, identity: Option<Identity>) -> io::Result<()> {
    let children = sys::child_signals()?;
    let mut server = Server { control, programs: HashMap::new(), identity };
    loop {
        let mut descriptors =
            [PollFd::new(control, PollFlags::IN), PollFd::from_borrowed_fd(children.as_fd(), PollFlags::IN)];
        match poll(&mut descriptors, None) {
            Err(Errno::INTR) => continue,
            polled => polled?,
        };
        let (asked, ended) = (!descriptors[0].revents().is_empty(), !descriptors[1].revents().is_empty());
        if ended {
            // Several ends may be one signal: it only says that there is something to wait for.
            let _ = rustix::io::read(&children, &mut [0_u8; 4096]);
            server.reap()?;
        }
        if asked {
            let Some((request, descriptors)) = channel::receive(control)? else { return Ok(()) };
            server.carry_out(&request, descriptors)?;
        }
    }
}

impl Server<'_> {
    fn carry_out(&mut self, request: &Request, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        match request {
            Request::SetUp => Ok(()),
            Request::Execute { id } => self.execute(*id, descriptors),
            Request::Signal { id, signal } => {
                let found = self.programs.iter().find(|(_, program)| program.id == *id);
                if let (Some((pid, _)), Some(signal)) = (found, Signal::from_named_raw(*signal)) {
                    let _ = kill_process_group(*pid, signal);
                }
                Ok(())
            }
        }
    }

    fn execute(&mut self, id: u64, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        let mut descriptors = descriptors.into_iter();
        let file = descriptors.next().ok_or(io::ErrorKind::InvalidData)?;
        let execution: Execution = channel::from_file(file)?;
        match programs::start(&execution, descriptors.collect(), self.identity.as_ref()) {
            Ok(started) => {
                self.programs.insert(started.pid, Program { id, is_session: execution.is_session });
                let terminal: Vec<_> = started.terminal.iter().map(AsFd::as_fd).collect();
                channel::send(self.control, &Report::Started { id }, &terminal)
            }
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
                channel::send(self.control, &Report::NotStarted { id, errno }, &[])
            }
        }
    }

    /// Processes whose parents have ended are this one's children too.
    fn reap(&mut self) -> io::Result<()> {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    if let Some(program) = self.programs.remove(&pid) {
                        self.ended(pid, &program, status)?;
                    }
                }
                Ok(None) | Err(Errno::CHILD) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn ended(&self, pid: Pid, program: &Program, status: WaitStatus) -> io::Result<()> {
        let has_sessions = program.is_session || self.programs.values().any(|program| program.is_session);
        let left = if has_sessions { end_session(pid) } else { end_all_others() };
        let end = End { code: status.exit_status(), signal: status.terminating_signal(), left };
        channel::send(self.control, &Report::Ended { id: program.id, end }, &[])
    }
}

/// A shell puts each of its jobs into a process group of its own; they have the session in common. Answers how many there were.
fn end_session(leader: Pid) -> usize {
    let mut ended = BTreeSet::new();
    // One that forks while it is looked for is found in the next round.
    for _ in 0..ROUNDS {
        let left: Vec<Pid> =
            processes().filter(|process| process.session == leader).map(|process| process.pid).collect();
        if left.is_empty() {
            break;
        }
        for pid in &left {
            let _ = kill_process(*pid, Signal::KILL);
        }
        ended.extend(left.iter().map(|pid| pid.as_raw_nonzero()));
    }
    ended.len()
}

/// Answers how many there were.
fn end_all_others() -> usize {
    let count = processes().filter(|process| process.pid != Pid::INIT).count();
    if count > 0 {
        // In one system call, so that none can fork its way out; the first process of a namespace is not hit.
        let _ = sys::kill_all_others();
    }
    count
}

struct Process {
    pid: Pid,
    session: Pid,
}

/// Those that have not ended.
fn processes() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name comes first, in brackets, and may have any characters. State, parent, process group and session follow it.
        let mut fields = stat.rsplit(')').next()?.split_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let session = fields.nth(2)?.parse().ok().and_then(Pid::from_raw)?;
        (!has_ended).then_some(Process { pid, session })
    })
}
