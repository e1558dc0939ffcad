//! The sandbox of one run.

use std::{
    io,
    net::TcpListener,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use ::sandbox::{Access, Account, Image, Limits, Plan, Sandbox, SandboxError, View};
use rustix::process::{getegid, geteuid};

use super::ResourceLimits;

/// What a task sees its directories as.
pub(crate) const TASK: &str = "/task";
pub(crate) const TMP: &str = "/tmp";
const HOSTNAME: &str = "task";

/// This very program, also where its file was replaced.
const PROGRAM: &str = "/proc/self/exe";
/// For the proxy of the task, and for the way out.
const LISTENERS: usize = 2;
/// As much as Docker gives; browsers in tests need more than the usual 64 MiB.
const SHARED_MEMORY: u64 = 1 << 30;

/// The directories of a run on the host.
pub(crate) struct Places {
    pub(crate) task: PathBuf,
    pub(crate) tmp: PathBuf,
    /// Empty, and of the worker alone.
    pub(crate) root: PathBuf,
}

/// A sandbox with the two listening sockets of its network.
#[derive(Debug)]
pub(crate) struct Sandboxed {
    pub(crate) sandbox: Sandbox,
    listeners: Mutex<Vec<TcpListener>>,
    /// The files of a container.
    tree: Mutex<Option<OwnedFd>>,
    /// Processes that commands left and that have been ended.
    left: AtomicUsize,
}

impl Sandboxed {
    /// `helper` is ready for everything that is to hold for its process. The error's inner one is a `SandboxError`.
    pub(super) async fn start(helper: Command, plan: &Plan) -> io::Result<Self> {
        let mut sandbox = Sandbox::start(helper, plan).await.map_err(io::Error::other)?;
        let listeners = std::iter::from_fn(|| sandbox.take_listener()).collect();
        let tree = Mutex::new(sandbox.take_tree());
        Ok(Self { sandbox, listeners: Mutex::new(listeners), tree, left: AtomicUsize::new(0) })
    }

    /// A socket on the loopback network of the sandbox that nobody has yet.
    pub(crate) fn take_listener(&self) -> io::Result<TcpListener> {
        let listener = self.listeners.lock().unwrap_or_else(PoisonError::into_inner).pop();
        listener.ok_or_else(|| io::Error::other("the sandbox has no more sockets"))
    }

    /// The root directory of a container, once.
    pub(crate) fn take_tree(&self) -> io::Result<OwnedFd> {
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner).take();
        tree.ok_or_else(|| io::Error::other("the sandbox is no container"))
    }

    pub(crate) fn note_left(&self, count: usize) {
        self.left.fetch_add(count, Ordering::Relaxed);
    }

    /// Ends everything in it; answers how many processes commands had left.
    pub(super) async fn end(&self) -> io::Result<usize> {
        self.sandbox.end().await?;
        Ok(self.left.swap(0, Ordering::Relaxed))
    }
}

pub(super) fn helper() -> Command {
    Command::new(PROGRAM)
}

/// Whether this is what starting a sandbox says, and not the machine's own trouble.
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<SandboxError>)
}

pub(super) fn plan(
    uid: Option<u32>,
    places: &Places,
    read_only: &[PathBuf],
    hidden: &[PathBuf],
    limits: &ResourceLimits,
) -> Plan {
    let own = |source: &Path, target: &str| View {
        source: source.to_owned(),
        target: PathBuf::from(target),
        access: Access::ReadWrite,
    };
    let mut views = vec![own(&places.task, TASK), own(&places.tmp, TMP), own(&places.tmp, "/var/tmp")];
    views.extend(read_only.iter().map(View::read_only));
    let number = uid.unwrap_or_else(|| geteuid().as_raw());
    let account = Account {
        uid: number,
        gid: uid.unwrap_or_else(|| getegid().as_raw()),
        groups: Vec::new(),
        is_mapped: uid.is_none(),
        name: account_name(number),
        home: PathBuf::from(TASK),
    };
    Plan {
        account,
        hostname: HOSTNAME.to_owned(),
        staging: places.root.clone(),
        image: None,
        views,
        hidden: hidden.to_vec(),
        listeners: LISTENERS,
        limits: Limits { shared_memory: SHARED_MEMORY, processes: Some(limits.processes) },
    }
}

/// Of a container: it sees its image, and nothing else of the machine.
pub(super) fn container_plan(
    first_id: u32,
    staging: &Path,
    image: Image,
    views: Vec<View>,
    limits: &ResourceLimits,
) -> Plan {
    let account = Account {
        uid: first_id,
        gid: first_id,
        groups: Vec::new(),
        is_mapped: false,
        name: account_name(first_id),
        home: PathBuf::from("/"),
    };
    Plan {
        account,
        hostname: HOSTNAME.to_owned(),
        staging: staging.to_owned(),
        image: Some(image),
        views,
        hidden: Vec::new(),
        listeners: LISTENERS,
        limits: Limits { shared_memory: SHARED_MEMORY, processes: Some(limits.processes) },
    }
}

pub(crate) fn account_name(uid: u32) -> String {
    format!("task-{uid}")
}
