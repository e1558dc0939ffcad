//! The directory of a machine. Its process holds a lock on the file `lock` for as long as it lives, which it was started with: so
//! whether it runs is known without its process id, and the id in `pid` is its own while the lock is held.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

use super::process::WorkerProgram;
use crate::provider::MachineState;

/// How long a process may take to end before it is killed.
const KILL_AFTER: TimeDelta = TimeDelta::seconds(10);

pub(super) struct MachineDir(PathBuf);

impl MachineDir {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The files that its worker reads.
    pub(super) fn prepare(&self, user_data: &Value, secret: &str) -> io::Result<()> {
        make_directory(&self.0, 0o711)?;
        self.write("user-data.json", user_data.to_string().as_bytes())?;
        self.write("secret", secret.as_bytes())
    }

    /// Starts its process, unless that was done before, by whomever: a machine has one process ever.
    pub(super) fn start_once(&self, program: &WorkerProgram) -> io::Result<()> {
        let lock = self.lock_file()?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        match self.mark("started") {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(error),
        }
        // The process inherits the lock. It writes its id as well, in case that we end before we have.
        let pid = program.start(&self.0, lock)?;
        self.write("pid", pid.to_string().as_bytes())
    }

    pub(super) fn was_started(&self) -> bool {
        self.0.join("started").exists()
    }

    pub(super) fn state(&self) -> MachineState {
        // Whoever starts it must not find the lock held by us; and we must not find it held by others who only look.
        let is_locked = |lock: File| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock));
        let is_held = self.was_started() && self.lock_file().is_ok_and(is_locked);
        match is_held {
            false => MachineState::Ended,
            true if self.0.join("terminating").exists() => MachineState::Stopping,
            true => MachineState::Running,
        }
    }

    /// Asks its process to end; where it was asked before, that is enough.
    pub(super) fn terminate(&self, now: DateTime<Utc>) -> io::Result<()> {
        // What has not been started never is.
        let _ = self.mark("started");
        match self.state() {
            MachineState::Ended => Ok(()),
            MachineState::Stopping => self.kill_overdue(now),
            MachineState::Running => {
                let pid = self.process_id()?;
                self.expect_end(now)?;
                Ok(kill_process(pid, Signal::TERM)?)
            }
        }
    }

    /// Somebody has asked its process to end, or does so now.
    pub(super) fn expect_end(&self, now: DateTime<Utc>) -> io::Result<()> {
        let is_running = self.state() == MachineState::Running;
        if is_running { self.write("terminating", now.to_rfc3339().as_bytes()) } else { Ok(()) }
    }

    /// Kills a process that was asked to end long ago.
    pub(super) fn kill_overdue(&self, now: DateTime<Utc>) -> io::Result<()> {
        if self.state() != MachineState::Stopping {
            return Ok(());
        }
        let asked = fs::read_to_string(self.0.join("terminating"))?;
        let asked: Option<DateTime<Utc>> = asked.parse().ok();
        let is_overdue = asked.is_none_or(|asked| now - KILL_AFTER >= asked);
        if is_overdue { Ok(kill_process_group(self.process_id()?, Signal::KILL)?) } else { Ok(()) }
    }

    /// Asks its process to end, once, or kills it. Whether it still lives.
    pub(super) fn end_or_kill(&self, now: DateTime<Utc>, kill: bool) -> bool {
        let done = match self.state() {
            MachineState::Ended => return false,
            _ if kill => self.process_id().and_then(|pid| Ok(kill_process_group(pid, Signal::KILL)?)),
            MachineState::Running => self.terminate(now),
            MachineState::Stopping => Ok(()),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a machine cannot be ended yet");
        }
        true
    }

    pub(super) fn process_id(&self) -> io::Result<Pid> {
        let pid = fs::read_to_string(self.0.join("pid"))?;
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw);
        pid.ok_or_else(|| io::Error::other("the file `pid` has no process id"))
    }

    fn lock_file(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(self.0.join("lock"))
    }

    /// Fails where the mark is there.
    fn mark(&self, name: &str) -> io::Result<()> {
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.0.join(name)).map(drop)
    }

    /// For its owner alone, and whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let part = self.0.join(format!("{name}.part"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        fs::rename(part, self.0.join(name))
    }
}

pub(super) fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).recursive(true).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}
