//! The logs of one build on the local disk, as far as they were read: each line is asked for once, however often the
//! log is shown while it grows.

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

/// Lines in one answer of the master; Buildbot wraps them at 4096 letters.
const PIECE: u32 = 1000;
/// Of one log. The rest can be read at the master.
const MOST_BYTES: u64 = 256 << 20;
const CUT: &str = "\n(The log goes on; this is as much as is kept of one log. The rest is at the master.)\n";
const BUFFER: usize = 64 << 10;

pub(super) struct Spool {
    folder: TempDir,
    logs: HashMap<LogId, Spooled>,
    /// All was stored for good; what comes late must not replace it.
    pub(super) closed: bool,
    /// The log was shown once while it grew.
    pub(super) shown: bool,
}

#[derive(Default, Clone, Copy)]
struct Spooled {
    lines: u64,
    bytes: u64,
    /// Nothing more is to be read.
    whole: bool,
}

/// Bytes of files and words between them.
enum Part {
    Words(String),
    File(PathBuf, u64),
}

impl Spool {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { folder: TempDir::with_prefix("drover-logs-")?, logs: HashMap::new(), closed: false, shown: false })
    }

    pub(super) fn knows(&self, log: LogId) -> bool {
        self.logs.contains_key(&log)
    }

    /// Every log that was seen is read to its end: what comes next is a log that is not known yet.
    pub(super) fn waits_for_more(&self) -> bool {
        self.logs.values().all(|log| log.whole)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.logs.values().map(|log| log.bytes).sum()
    }

    pub(super) fn is_empty(&self, log: LogId) -> bool {
        self.logs.get(&log).is_none_or(|log| log.bytes == 0)
    }

    /// Reads what a log has more than at the last time. True: there was something.
    pub(super) async fn catch_up(&mut self, driver: &dyn MasterDriver, log: &Log) -> Result<bool, CopyError> {
        let mut spooled = self.logs.get(&log.id).copied().unwrap_or_default();
        let before = spooled.bytes;
        while !spooled.whole && (spooled.lines < log.lines || !log.complete) {
            let lines = driver.lines(log.id, spooled.lines, PIECE).await?;
            if lines.lines.is_empty() {
                break;
            }
            let mut text = public_text(&lines.lines);
            let cut = spooled.bytes + text.len() as u64 > MOST_BYTES;
            if cut {
                CUT.clone_into(&mut text);
            }
            self.write(log.id, spooled.bytes, text.as_bytes()).await?;
            spooled = Spooled { lines: lines.next(), bytes: spooled.bytes + text.len() as u64, whole: cut };
            self.logs.insert(log.id, spooled);
        }
        spooled.whole |= log.complete && spooled.lines >= log.lines;
        self.logs.insert(log.id, spooled);
        Ok(spooled.bytes > before)
    }

    /// At a place, and not at the end, because an earlier try may have left half of it.
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

    /// All that the steps wrote, in order.
    pub(super) fn all(&self, steps: &[Step]) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin + use<> {
        let shown = |step: &&Step| step.started.is_some() && step.logs.iter().any(|log| log.kind != LogKind::Html);
        let parts = steps.iter().filter(shown).flat_map(|step| {
            let logs = step.logs.iter().filter(|log| log.kind != LogKind::Html).map(|log| self.part(log.id));
            std::iter::once(Part::Words(opening(step))).chain(logs).chain([Part::Words(closing(step))])
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
            Part::Words(words) => stream::iter([Ok(Bytes::from(words))]).left_stream(),
            // An empty log has no file.
            Part::File(_, 0) => stream::iter([Ok(Bytes::new())]).left_stream(),
            Part::File(path, length) => read(File::open(path).await?, length).right_stream(),
        })
    });
    Box::pin(pieces.try_flatten().try_filter(|piece| std::future::ready(!piece.is_empty())))
}

/// The first `length` bytes: what was written when the list was made.
fn read(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(file.take(length), |mut file| async move {
        let mut buffer = BytesMut::with_capacity(BUFFER);
        let read = file.read_buf(&mut buffer).await?;
        Ok((read > 0).then(|| (buffer.freeze(), file)))
    })
}
