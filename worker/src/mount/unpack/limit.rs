//! How much an archive may bring.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What one mount may unpack to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnpackLimit {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

/// What is left of a limit.
pub(super) struct Budget {
    limit: UnpackLimit,
    bytes: u64,
    entries: u64,
    cancelled: Arc<AtomicBool>,
}

impl Budget {
    pub(super) fn new(limit: UnpackLimit, cancelled: Arc<AtomicBool>) -> Self {
        Self { limit, bytes: limit.bytes, entries: limit.entries, cancelled }
    }

    /// Takes away what is about to be written.
    pub(super) fn bytes(&mut self, count: u64) -> io::Result<()> {
        self.go_on()?;
        let left = self.bytes.checked_sub(count);
        self.bytes = left.ok_or_else(|| too_much(&format!("more than {} bytes", self.limit.bytes)))?;
        Ok(())
    }

    pub(super) fn entry(&mut self) -> io::Result<()> {
        self.go_on()?;
        let left = self.entries.checked_sub(1);
        self.entries = left.ok_or_else(|| too_much(&format!("more than {} entries", self.limit.entries)))?;
        Ok(())
    }

    fn go_on(&self) -> io::Result<()> {
        if self.cancelled.load(Ordering::Relaxed) { Err(io::Error::other("the mount was given up")) } else { Ok(()) }
    }
}

fn too_much(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it unpacks to {what}, which is the limit of this worker"))
}
