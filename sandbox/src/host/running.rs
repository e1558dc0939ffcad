//! Programs in a sandbox, as seen from outside.

use std::{
    collections::HashMap,
    io,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustix::process::Signal;
use tokio::sync::mpsc;

use super::Socket;
use crate::message::{End, Report, Request};

/// A program has two reports: that it was started, and that it has ended.
const REPORTS: usize = 2;

type Message = (Report, Vec<OwnedFd>);

/// Who waits for reports of which program. `None`: the helper is gone.
#[derive(Debug)]
pub(crate) struct Programs(Mutex<Option<HashMap<u64, mpsc::Sender<Message>>>>);

/// A program that was started. Dropping it leaves the program running until the sandbox ends.
#[derive(Debug)]
pub struct Running {
    id: u64,
    reports: mpsc::Receiver<Message>,
    terminal: Option<OwnedFd>,
    end: Option<End>,
    programs: Arc<Programs>,
    socket: Arc<Socket>,
}

impl Default for Programs {
    fn default() -> Self {
        Self(Mutex::new(Some(HashMap::new())))
    }
}

impl Programs {
    pub(super) fn report(&self, report: Report, descriptors: Vec<OwnedFd>) {
        let id = match &report {
            Report::Started { id } | Report::NotStarted { id, .. } | Report::Ended { id, .. } => *id,
            Report::Ready | Report::Failed { .. } => return,
        };
        if let Some(sender) = self.lock().as_ref().and_then(|programs| programs.get(&id)) {
            let _ = sender.try_send((report, descriptors));
        }
    }

    pub(super) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, mpsc::Sender<Message>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    pub(super) fn new(id: u64, programs: Arc<Programs>, socket: Arc<Socket>) -> Self {
        let (sender, reports) = mpsc::channel(REPORTS);
        if let Some(programs) = programs.lock().as_mut() {
            programs.insert(id, sender);
        }
        Self { id, reports, terminal: None, end: None, programs, socket }
    }

    pub(super) async fn started(mut self) -> io::Result<Self> {
        match self.reports.recv().await {
            Some((Report::Started { .. }, terminal)) => {
                self.terminal = terminal.into_iter().next();
                Ok(self)
            }
            Some((Report::NotStarted { errno, .. }, _)) => Err(io::Error::from_raw_os_error(errno)),
            _ => Err(gone()),
        }
    }

    /// The controlling side of its terminal, once.
    pub fn take_terminal(&mut self) -> Option<OwnedFd> {
        self.terminal.take()
    }

    /// Returns when it has ended, also when asked again.
    pub async fn wait(&mut self) -> io::Result<End> {
        if let Some(end) = self.end {
            return Ok(end);
        }
        match self.reports.recv().await {
            Some((Report::Ended { end, .. }, _)) => Ok(*self.end.insert(end)),
            _ => Err(gone()),
        }
    }

    /// To all processes of its session.
    pub async fn signal(&self, signal: Signal) -> io::Result<()> {
        self.socket.send(&Request::Signal { id: self.id, signal: signal.as_raw() }, &[]).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(programs) = self.programs.lock().as_mut() {
            programs.remove(&self.id);
        }
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the sandbox has ended")
}
