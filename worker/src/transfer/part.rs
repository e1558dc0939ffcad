//! The file in which a download grows. Its name ends in `.part` until it is whole and right.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufReader, Read, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use tokio::io::AsyncSeekExt;

use super::TransferError;
use crate::artifact::Hashed;

const READ_SIZE: usize = 256 * 1024;

/// Locked: two downloads never write to one file.
pub(super) struct Part {
    pub(super) path: PathBuf,
    file: tokio::fs::File,
    target: PathBuf,
}

impl Part {
    /// What an earlier download left is kept.
    pub(super) async fn open(target: &Path) -> Result<Self, TransferError> {
        let path = beside(target, ".part");
        let place = path.clone();
        let opened = tokio::task::spawn_blocking(move || lock(&place)).await.map_err(io::Error::other);
        match opened.map_err(TryLockError::Error).flatten() {
            Ok(file) => Ok(Self { path, file: file.into(), target: target.to_owned() }),
            Err(TryLockError::WouldBlock) => Err(TransferError::Busy(path)),
            Err(TryLockError::Error(error)) => Err(TransferError::File(path, error)),
        }
    }

    pub(super) async fn length(&self) -> Result<u64, TransferError> {
        self.file.metadata().await.map(|metadata| metadata.len()).map_err(|error| self.failed(error))
    }

    /// Keeps the first bytes only.
    pub(super) async fn cut(&self, length: u64) -> Result<(), TransferError> {
        self.file.set_len(length).await.map_err(|error| self.failed(error))
    }

    /// To be written to from here on. What was written is there once it is flushed.
    pub(super) async fn writer(&self, from: u64) -> Result<tokio::fs::File, TransferError> {
        let mut file = self.file.try_clone().await.map_err(|error| self.failed(error))?;
        file.seek(SeekFrom::Start(from)).await.map_err(|error| self.failed(error))?;
        Ok(file)
    }

    /// Takes the file away if there is nothing in it that somebody could go on with.
    pub(super) async fn drop_if_empty(&self) -> Result<(), TransferError> {
        if self.length().await? == 0 {
            // Who asked for the download gets its own error, not this one.
            let _ = tokio::fs::remove_file(&self.path).await;
        }
        Ok(())
    }

    async fn hashed(&self) -> io::Result<Hashed> {
        Hashed::read(File::open(&self.path)?).await
    }

    /// What lies on the disk has all of these hashes.
    pub(super) async fn check(&self, hashes: &BTreeMap<String, String>) -> Result<Hashed, TransferError> {
        let stored = self.hashed().await.map_err(|error| self.failed(error))?;
        for (algorithm, expected) in hashes {
            let found = match algorithm.as_str() {
                "sha256" => &stored.sha256,
                "sha512" => &stored.sha512,
                _ => continue,
            };
            if found != expected {
                let (algorithm, expected, found) = (algorithm.clone(), expected.clone(), found.clone());
                return Err(TransferError::Altered { algorithm, expected, found });
            }
        }
        Ok(stored)
    }

    /// Gives the content its name, unpacked if it came packed. What cannot be unpacked is dropped.
    pub(super) async fn finish(&self, encoding: &str, max_bytes: Option<u64>) -> Result<(), TransferError> {
        let (path, target) = (self.path.clone(), self.target.clone());
        let failed = |error| TransferError::File(self.target.clone(), error);
        self.file.sync_all().await.map_err(failed)?;
        match encoding {
            "" | "identity" => tokio::fs::rename(path, target).await.map_err(failed),
            "gzip" | "x-gzip" => {
                let unpacked = tokio::task::spawn_blocking(move || unpack(&path, &target, max_bytes)).await;
                unpacked.map_err(io::Error::other).flatten().map_err(|error| match (error.kind(), max_bytes) {
                    (io::ErrorKind::FileTooLarge, Some(limit)) => TransferError::TooLarge(limit),
                    _ => TransferError::Packed(error),
                })
            }
            other => Err(TransferError::Encoding(other.to_owned())),
        }
    }

    pub(super) fn failed(&self, error: io::Error) -> TransferError {
        TransferError::File(self.path.clone(), error)
    }
}

fn lock(path: &Path) -> Result<File, TryLockError> {
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path);
    let file = file.map_err(TryLockError::Error)?;
    file.try_lock().map(|()| file)
}

/// The unpacked content takes its name only when the end of the packed was reached and its checksum was right.
fn unpack(packed: &Path, target: &Path, max_bytes: Option<u64>) -> io::Result<()> {
    let unpacked = beside(target, ".unpacked.part");
    let written = (|| {
        let mut from = MultiGzDecoder::new(BufReader::with_capacity(READ_SIZE, File::open(packed)?));
        let mut to = File::create(&unpacked)?;
        let limit = max_bytes.unwrap_or(u64::MAX);
        if io::copy(&mut from.by_ref().take(limit), &mut to)? == limit && from.read(&mut [0])? > 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        to.sync_all()?;
        std::fs::rename(&unpacked, target)?;
        std::fs::remove_file(packed)
    })();
    if written.is_err() {
        // What is left of it would only take room.
        let _ = std::fs::remove_file(&unpacked);
    }
    written
}

fn beside(target: &Path, end: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
