//! How much of the disk a run uses.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::Job;

const INTERVAL: Duration = Duration::from_secs(5);
/// Looking takes at most a tenth of the time.
const REST: u32 = 9;
/// What an entry of a directory costs at the least: also empty files fill a disk.
const ENTRY_BYTES: u64 = 512;
/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;

impl Job {
    /// Returns, with the bytes in use, once they are more than the limit.
    pub(super) async fn disk_is_full(&self) -> u64 {
        let limit = self.context.isolation.limits().disk;
        let directories = [self.directory.task(), self.directory.tmp()];
        let mut pause = INTERVAL;
        loop {
            tokio::time::sleep(pause).await;
            let directories = directories.clone();
            let looked = tokio::task::spawn_blocking(move || {
                let started = Instant::now();
                (used(&directories, limit), started.elapsed())
            });
            let Ok((used, took)) = looked.await else { continue };
            if used > limit {
                return used;
            }
            pause = INTERVAL.max(took * REST);
        }
    }
}

/// As far as it can be seen, and not much further than the limit. What vanishes meanwhile does not count.
fn used(directories: &[PathBuf], limit: u64) -> u64 {
    let mut open = directories.to_vec();
    let mut used = 0;
    while let Some(directory) = open.pop() {
        if used > limit {
            break;
        }
        used += entries(&directory, &mut open).unwrap_or_default();
    }
    used
}

/// Links are not followed.
fn entries(directory: &Path, open: &mut Vec<PathBuf>) -> io::Result<u64> {
    let mut used = 0;
    for entry in fs::read_dir(directory)?.flatten() {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        used += ENTRY_BYTES + metadata.blocks() * BLOCK_BYTES;
        if metadata.is_dir() {
            open.push(entry.path());
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_directories_and_empty_files_count_and_links_do_not_lead_out() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("large"), vec![1; 100_000]).unwrap();
        fs::write(inner.join("empty"), "").unwrap();
        std::os::unix::fs::symlink("/usr", inner.join("link")).unwrap();
        let whole = used(&[directory.path().to_owned()], u64::MAX);
        assert!((100_000..200_000).contains(&whole), "{whole}");
    }
}
