//! The isolation of one run: a user, a control group and a sandbox, where they are available.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use rustix::{
    fs::{Gid, Uid},
    io::{Errno, write},
    process::{Signal, getppid, set_parent_process_death_signal, setsid, umask},
    thread::set_no_new_privs,
};

use super::{
    TaskUser,
    end::end_processes_of,
    groups::RunGroups,
    sandboxed::{Sandboxed, TASK, TMP},
};

/// How the processes of one run are confined, and ended. The default confines them to a session of their own only.
#[derive(Debug, Default)]
pub(crate) struct Confinement {
    user: Option<TaskUser>,
    groups: RunGroups,
    /// Names of the limits that hold.
    limits: Vec<&'static str>,
    /// Of a container, it is set up once its image and its caches are there.
    sandbox: OnceLock<Sandboxed>,
}

/// The owner that the files of a task get. `None`: that of the worker.
pub(crate) type Owner = Option<(Uid, Gid)>;

impl Confinement {
    pub(super) fn new(user: Option<TaskUser>, groups: RunGroups, limits: Vec<&'static str>) -> Self {
        Self { user, groups, limits, sandbox: OnceLock::new() }
    }

    /// Only the first one counts.
    pub(super) fn enter(&self, sandbox: Sandboxed) {
        let _ = self.sandbox.set(sandbox);
    }

    /// Names of the limits that control groups hold.
    pub(crate) fn limits(&self) -> &[&'static str] {
        &self.limits
    }

    /// How many processes the kernel killed because the memory that the run may use was full.
    pub(crate) fn memory_kills(&self) -> u64 {
        self.groups.memory_kills()
    }

    pub(crate) fn sandbox(&self) -> Option<&Sandboxed> {
        self.sandbox.get()
    }

    /// The path of its directory as a task sees it.
    pub(crate) fn task_path(&self, on_host: PathBuf) -> PathBuf {
        if self.sandbox().is_some() { Path::new(TASK).to_owned() } else { on_host }
    }

    /// The same of the directory for temporary files.
    pub(crate) fn tmp_path(&self, on_host: PathBuf) -> PathBuf {
        if self.sandbox().is_some() { Path::new(TMP).to_owned() } else { on_host }
    }

    pub(crate) fn uid(&self) -> Option<u32> {
        self.user.as_ref().map(|user| user.uid)
    }

    /// How many uids, from that one on, the run has.
    pub(crate) fn uid_count(&self) -> u32 {
        self.user.as_ref().map_or(1, |user| user.count)
    }

    pub(crate) fn owner(&self) -> Owner {
        self.uid().map(|uid| (Uid::from_raw(uid), Gid::from_raw(uid)))
    }

    /// Whether all that the run starts can be ended, whatever it does to hide.
    pub(crate) fn ends_all(&self) -> bool {
        self.user.is_some() || self.groups.can_end() || self.sandbox().is_some()
    }

    /// Makes the command run as the task's user, in its control group and a session of its own, without the worker's
    /// descriptors, without gaining privileges, and no longer than the worker's thread that starts it.
    ///
    /// The order in the child: the standard library drops supplementary groups, then sets gid and uid, and then runs `pre_exec`. The
    /// task's user may not open `cgroup.procs`, so the parent opens it as root before the fork, and the child writes to
    /// the inherited descriptor: it is in the group before it runs any code of the task.
    pub(crate) fn apply(&self, command: &mut Command) -> io::Result<()> {
        use std::os::unix::process::CommandExt;
        if let Some(uid) = self.uid() {
            // With a uid the standard library also drops all supplementary groups.
            command.uid(uid).gid(uid);
        }
        self.apply_to_helper(command)
    }

    /// The same for a process that changes its user itself.
    #[expect(unsafe_code, reason = "what a child does between fork and exec has no other form in the standard library")]
    pub(super) fn apply_to_helper(&self, command: &mut Command) -> io::Result<()> {
        use std::os::unix::process::CommandExt;
        let entrances = self.groups.entrances()?;
        let parent = std::process::id();
        let prepare = move || {
            for entrance in &entrances {
                write(entrance, b"0")?;
            }
            enter(parent)
        };
        // SAFETY: the closure runs in the forked child, after it has changed its user. It only makes system calls with
        // numbers and a static text, all of which are async-signal-safe, and allocates nothing.
        unsafe { command.pre_exec(prepare) };
        Ok(())
    }

    /// Ends all processes of the run and returns their number. First the sandbox, which the kernel ends with its first process, then the
    /// control group, which it kills atomically; only what left both remains for the slower search by uid.
    pub(crate) async fn end_all(&self) -> io::Result<usize> {
        let mut count = 0;
        if let Some(sandbox) = self.sandbox() {
            count += sandbox.end().await?;
        }
        count += self.groups.end_all().await?;
        if let Some(user) = &self.user {
            count += end_processes_of(user.uids()).await?;
        }
        Ok(count)
    }
}

fn enter(parent: u32) -> io::Result<()> {
    setsid()?;
    umask(rustix::fs::Mode::from_raw_mode(0o022));
    set_no_new_privs(true)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The signal is requested after the fork: if the worker ended before, it would never be sent.
    let lives = getppid().is_some_and(|now| now.as_raw_nonzero().get().cast_unsigned() == parent);
    if !lives {
        return Err(Errno::SRCH.into());
    }
    close_inherited()
}

/// Descriptors above the three usual ones close at exec, also those that the worker itself was given by accident.
#[expect(unsafe_code, reason = "close_range(2) has no safe form; with this flag it closes nothing that is in use now")]
fn close_inherited() -> io::Result<()> {
    // SAFETY: plain numbers in, a number out; no descriptor is closed before exec.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    match Errno::from_io_error(&io::Error::last_os_error()) {
        // Kernels before 5.11: the worker's own descriptors close at exec by themselves.
        Some(Errno::NOSYS | Errno::INVAL) => Ok(()),
        Some(error) if result != 0 => Err(error.into()),
        _ => Ok(()),
    }
}
