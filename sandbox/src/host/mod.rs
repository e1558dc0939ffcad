//! The handle of a sandbox, of whoever started it.

mod running;
mod terminal;

use std::{
    io,
    net::TcpListener,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    net::{Shutdown, shutdown},
};
use tokio::{io::unix::AsyncFd, process::Child, sync::Mutex, task::JoinSet};

use self::running::Programs;
pub use self::{running::Running, terminal::Terminal};
use crate::{
    INIT_COMMAND, channel,
    message::{Execution, Report, Request},
    plan::Plan,
    sys,
};

/// Setting up takes milliseconds; a machine under load is given much more.
const SET_UP_TIMEOUT: Duration = Duration::from_secs(30);
/// The kernel ends thousands of processes in less; after that the helper is killed.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the helper process cannot be started")]
    Spawn(#[source] io::Error),
    #[error("{step}: {message}")]
    Step { step: String, message: String },
    #[error("the helper process ended without a word")]
    Gone,
    #[error("it was not set up within {} s", SET_UP_TIMEOUT.as_secs())]
    Timeout,
}

/// A sandbox that is set up. All its processes end when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    helper: Mutex<Child>,
    socket: Arc<Socket>,
    programs: Arc<Programs>,
    next: AtomicU64,
    listeners: Vec<TcpListener>,
    tree: Option<OwnedFd>,
    _reading: JoinSet<()>,
}

/// Our end of the socket.
#[derive(Debug)]
pub(crate) struct Socket(AsyncFd<OwnedFd>);

impl Sandbox {
    /// `helper` is the program whose `main` calls `run_init`; the caller has said whatever is to hold for its process.
    pub async fn start(mut helper: Command, plan: &Plan) -> Result<Self, SandboxError> {
        let (ours, theirs) = channel::pair().map_err(SandboxError::Spawn)?;
        helper.arg(INIT_COMMAND).env_clear().current_dir("/");
        helper.stdin(theirs).stdout(Stdio::null()).stderr(Stdio::null());
        let helper = tokio::process::Command::from(helper).kill_on_drop(true).spawn().map_err(SandboxError::Spawn)?;
        let socket = Arc::new(Socket::new(ours).map_err(SandboxError::Spawn)?);
        let ready = tokio::time::timeout(SET_UP_TIMEOUT, set_up(&socket, plan)).await;
        let mut listeners = ready.unwrap_or(Err(SandboxError::Timeout))?;
        let tree = if plan.image.is_some() { listeners.pop() } else { None };
        let programs = Arc::new(Programs::default());
        let mut reading = JoinSet::new();
        reading.spawn(read(socket.clone(), programs.clone()));
        let listeners = listeners.into_iter().map(TcpListener::from).collect();
        Ok(Self {
            helper: Mutex::new(helper),
            socket,
            programs,
            next: AtomicU64::new(1),
            listeners,
            tree,
            _reading: reading,
        })
    }

    /// A socket that listens on the loopback network of the sandbox; as many as the plan asked for.
    pub fn take_listener(&mut self) -> Option<TcpListener> {
        self.listeners.pop()
    }

    /// The root directory of a container, once, without `/dev` and `/proc`. It stays what it is when the container has ended.
    pub fn take_tree(&mut self) -> Option<OwnedFd> {
        self.tree.take()
    }

    /// Starts a program with these as its standard input, output and error; the error is that of `exec`.
    pub async fn execute(&self, execution: &Execution, stdio: [BorrowedFd<'_>; 3]) -> io::Result<Running> {
        self.start_program(execution, &stdio).await
    }

    /// Starts a program with a terminal of its own; `Running::terminal` is the controlling side.
    pub async fn open_session(&self, execution: &Execution) -> io::Result<Running> {
        self.start_program(execution, &[]).await
    }

    async fn start_program(&self, execution: &Execution, stdio: &[BorrowedFd<'_>]) -> io::Result<Running> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let running = Running::new(id, self.programs.clone(), self.socket.clone());
        let file = channel::to_file(execution)?;
        let descriptors: Vec<_> = std::iter::once(file.as_fd()).chain(stdio.iter().copied()).collect();
        self.socket.send(&Request::Execute { id }, &descriptors).await?;
        running.started().await
    }

    /// Ends all processes at once, and returns when they are gone.
    pub async fn end(&self) -> io::Result<()> {
        let mut helper = self.helper.lock().await;
        // The first process ends when its socket does; the kernel then ends the others before its parent learns of it.
        let _ = shutdown(self.socket.0.get_ref(), Shutdown::Both);
        match tokio::time::timeout(END_TIMEOUT, helper.wait()).await {
            Ok(ended) => ended.map(drop),
            Err(_) => helper.kill().await,
        }
    }
}

async fn set_up(socket: &Socket, plan: &Plan) -> Result<Vec<OwnedFd>, SandboxError> {
    let file = channel::to_file(plan).map_err(SandboxError::Spawn)?;
    socket.send(&Request::SetUp, &[file.as_fd()]).await.map_err(SandboxError::Spawn)?;
    match socket.receive().await {
        Ok(Some((Report::Ready, listeners))) => Ok(listeners),
        Ok(Some((Report::Failed { step, message }, _))) => Err(SandboxError::Step { step, message }),
        _ => Err(SandboxError::Gone),
    }
}

/// Hands reports to those who wait for them, until the helper is gone; then nobody waits in vain.
async fn read(socket: Arc<Socket>, programs: Arc<Programs>) {
    while let Ok(Some((report, descriptors))) = socket.receive().await {
        programs.report(report, descriptors);
    }
    programs.close();
}

impl Socket {
    fn new(socket: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&socket, fcntl_getfl(&socket)? | OFlags::NONBLOCK)?;
        sys::register(socket).map(Self)
    }

    pub(crate) async fn send(&self, request: &Request, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        loop {
            let mut ready = self.0.writable().await?;
            if let Ok(sent) = ready.try_io(|socket| channel::send(socket.get_ref(), request, descriptors)) {
                return sent;
            }
        }
    }

    async fn receive(&self) -> io::Result<Option<(Report, Vec<OwnedFd>)>> {
        loop {
            let mut ready = self.0.readable().await?;
            if let Ok(received) = ready.try_io(|socket| channel::receive(socket.get_ref())) {
                return received;
            }
        }
    }
}
