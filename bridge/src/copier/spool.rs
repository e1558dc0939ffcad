//! A local buffer for the logs of one build: each line is read once, however often the log is published while it grows.

use std::{collections::HashMap, io, io::SeekFrom, path::PathBuf};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tokio::{
    fs::{File, OpenOptions},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::render::{closing, opening, public_text};
use crate::{
    driver::{Log, LogId, LogKind, MasterDriver, Step},
    logs::CopyError,
};

/// Lines of one call; Buildbot wraps them at 4096 letters.
const BATCH: u32 = 1000;
/// Of one log.
const MAX_BYTES: u64 = 256 << 20;
const TRUNCATED: &str = "\n(The log was truncated here. The rest is at the master.)\n";
const BUFFER: usize = 64 << 10;

pub(super) struct Spool {
    folder: TempDir,
    logs: HashMap<LogId, Spooled>,
    /// The complete log was stored; a late live copy must not replace it.
    pub(super) closed: bool,
    /// A live log was published.
    pub(super) published: bool,
}

#[derive(Default, Clone, Copy)]
struct Spooled {
    lines: u64,
    bytes: u64,
    /// All lines were read.
    complete: bool,
}

enum Part {
    Text(String),
    File(PathBuf, u64),
}

impl Spool {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            folder: TempDir::with_prefix("drover-logs-")?,
            logs: HashMap::new(),
            closed: false,
            published: false,
        })
    }

    pub(super) fn contains(&self, log: LogId) -> bool {
        self.logs.contains_key(&log)
    }

    /// All known logs are read to their ends: new lines can only be those of another log.
    pub(super) fn is_complete(&self) -> bool {
        self.logs.values().all(|log| log.complete)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.logs.values().map(|log| log.bytes).sum()
    }

    pub(super) fn is_empty(&self, log: LogId) -> bool {
        self.logs.get(&log).is_none_or(|log| log.bytes == 0)
    }

    /// Reads the new lines of a log. True if there were any.
    pub(super) async fn read_new(&mut self, driver: &dyn MasterDriver, log: &Log) -> Result<bool, CopyError> {
        let mut spooled = self.logs.get(&log.id).copied().unwrap_or_default();
        let before = spooled.bytes;
        while !spooled.complete && (spooled.lines < log.lines || !log.complete) {
            let lines = driver.lines(log.id, spooled.lines, BATCH).await?;
            if lines.lines.is_empty() {
                break;
            }
            let mut text = public_text(&lines.lines);
            let truncated = spooled.bytes + text.len() as u64 > MAX_BYTES;
            if truncated {
                TRUNCATED.clone_into(&mut text);
            }
            self.write(log.id, spooled.bytes, text.as_bytes()).await?;
            spooled = Spooled { lines: lines.next(), bytes: spooled.bytes + text.len() as u64, complete: truncated };
            self.logs.insert(log.id, spooled);
        }
        spooled.complete |= log.complete && spooled.lines >= log.lines;
        self.logs.insert(log.id, spooled);
        Ok(spooled.bytes > before)
    }

    /// At an offset, and not at the end of the file, because an earlier attempt may have written a part of it.
    async fn write(&self, log: LogId, at: u64, text: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).open(self.path(log)).await?;
        file.seek(SeekFrom::Start(at)).await?;
        file.write_all(text).await?;
        file.flush().await
    }

    fn path(&self, log: LogId) -> PathBuf {
        self.folder.path().join(log.0.to_string())
    }

    /// One log, as far as it was read.
    pub(super) fn log(&self, log: LogId) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin + use<> {
        bytes(vec![self.part(log)])
    }

    /// The logs of all steps, in order.
    pub(super) fn all(&self, steps: &[Step]) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin + use<> {
        let shown = |step: &&Step| step.started.is_some() && step.logs.iter().any(|log| log.kind != LogKind::Html);
        let parts = steps.iter().filter(shown).flat_map(|step| {
            let logs = step.logs.iter().filter(|log| log.kind != LogKind::Html).map(|log| self.part(log.id));
            std::iter::once(Part::Text(opening(step))).chain(logs).chain([Part::Text(closing(step))])
        });
        bytes(parts.collect())
    }

    fn part(&self, log: LogId) -> Part {
        Part::File(self.path(log), self.logs.get(&log).map_or(0, |log| log.bytes))
    }
}

fn bytes(parts: Vec<Part>) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin {
    let pieces = stream::iter(parts).then(|part| async {
        Ok::<_, io::Error>(match part {
            Part::Text(message) => stream::iter([Ok(Bytes::from(message))]).left_stream(),
            // An empty log has no file.
            Part::File(_, 0) => stream::iter([Ok(Bytes::new())]).left_stream(),
            Part::File(path, length) => read(File::open(path).await?, length).right_stream(),
        })
    });
    Box::pin(pieces.try_flatten().try_filter(|piece| std::future::ready(!piece.is_empty())))
}

/// The first `length` bytes, so that lines appended meanwhile are left out.
fn read(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(file.take(length), |mut file| async move {
        let mut buffer = BytesMut::with_capacity(BUFFER);
        let read = file.read_buf(&mut buffer).await?;
        Ok((read > 0).then(|| (buffer.freeze(), file)))
    })
}
