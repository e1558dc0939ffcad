//! What the processes of a task write: a pipe whose content the worker copies to the log. They never get the log itself,
//! which they could cut short.

use std::{
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    process::Stdio,
};

use rustix::fs::{Mode, fchmod, fchown};
use tokio::{
    net::unix::pipe::Receiver,
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::TaskLog;
use crate::isolation::Owner;

const CHUNK: usize = 64 * 1024;
/// More than a pipe can hold: one that is written to without end does not hold up the end of a task.
const MAX_DRAINED_CHUNKS: usize = 32;

/// The writing end of the pipe, and the one task that reads the other.
pub(crate) struct TaskOutput {
    writer: OwnedFd,
    drains: mpsc::Sender<oneshot::Sender<()>>,
    _copying: JoinSet<()>,
}

impl TaskOutput {
    /// The owner is the one who may open `/dev/stdout`.
    /// Of what is written, `limit` bytes are kept.
    pub(crate) fn start(log: &TaskLog, owner: Owner, limit: u64) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let writer = OwnedFd::from(writer);
        if let Some((uid, gid)) = owner {
            fchown(&writer, Some(uid), Some(gid))?;
            // A container has further users, and nobody outside of it sees the pipe.
            fchmod(&writer, Mode::from_raw_mode(0o622))?;
        }
        let reader = Receiver::from_owned_fd(reader.into())?;
        let (drains, asked) = mpsc::channel(1);
        let mut copying = JoinSet::new();
        copying.spawn(copy(reader, Sink { log: log.clone(), left: limit, limit }, asked));
        Ok(Self { writer, drains, _copying: copying })
    }

    /// The writing end, to be handed to a process.
    pub(crate) fn writer(&self) -> BorrowedFd<'_> {
        self.writer.as_fd()
    }

    /// A handle for a process to write to.
    pub(crate) fn for_process(&self) -> io::Result<Stdio> {
        self.writer.try_clone().map(Stdio::from)
    }

    /// Returns once all that was written before is in the log.
    pub(crate) async fn drain(&self) {
        let (done, drained) = oneshot::channel();
        if self.drains.send(done).await.is_ok() {
            let _ = drained.await;
        }
    }
}

/// The worker itself holds a writing end, so this goes on until it is dropped.
async fn copy(reader: Receiver, mut sink: Sink, mut drains: mpsc::Receiver<oneshot::Sender<()>>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        tokio::select! {
            readable = reader.readable() => {
                if readable.is_err() {
                    return;
                }
                let _ = sink.copy_chunk(&reader, &mut buffer);
            }
            Some(done) = drains.recv() => {
                let _ = (0..MAX_DRAINED_CHUNKS).find(|_| !sink.copy_chunk(&reader, &mut buffer));
                let _ = done.send(());
            }
        }
    }
}

/// The log, as far as a task may fill it.
struct Sink {
    log: TaskLog,
    left: u64,
    limit: u64,
}

impl Sink {
    /// Answers whether there may be more.
    fn copy_chunk(&mut self, reader: &Receiver, buffer: &mut [u8]) -> bool {
        match reader.try_read(buffer) {
            Ok(length) if length > 0 => {
                self.write(&buffer[..length]);
                true
            }
            _ => false,
        }
    }

    /// What the disk does not take is lost, as with the worker's own lines.
    fn write(&mut self, bytes: &[u8]) {
        if self.left == 0 {
            return;
        }
        let kept = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.left -= kept as u64;
        if let Err(error) = (&*self.log.file).write_all(&bytes[..kept]) {
            tracing::warn!(%error, "output of a task was lost");
        }
        if self.left == 0 {
            let limit = self.limit;
            self.log.write_warning(format!(
                "\nthe log has reached its limit of {limit} bytes: the rest of the output is not kept"
            ));
        }
    }
}
